internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink

/// The `ptp` plugin: a veth pair between the container and the host, with routes instead of a bridge.
struct PointToPoint: JournaledPlugin {
  let name = "ptp"

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let configuration = try PointToPointConfiguration(call)
    return try transaction(call, addressManager: configuration.addressManager) {
      (attachment, namespaces) throws(PluginError) in
      try attach(&attachment, configuration, call, in: namespaces)
    }
  }

  private func attach(
    _ attachment: inout AttachmentInProgress, _ configuration: PointToPointConfiguration, _ call: Call,
    in namespaces: borrowing AttachmentNamespaces
  ) throws(PluginError) -> AttachmentResult {
    guard var result = try attachment.addresses() else {
      throw PluginError(.invalidConfiguration, "no plugin name provided")
    }
    let routes = try PointToPointRoutes(result.addresses)
    let pair = try VethPair.make(.init(mtu: configuration.common.mtu), for: &attachment, in: namespaces)
    refuseRouterAdvertisements(on: pair.hostName)

    let position = result.setInterfaces(
      host: [pair.hostInterface], container: pair.containerInterface(sandbox: call.namespacePath))
    var interface = ContainerInterface(name: pair.containerName, index: pair.containerIndex, position: position)
    // Not even its own subnet is on this link: everything goes through the host.
    interface.hasSubnetRoute = false
    try interface.configure(result, firstRoutes: routes.containerRoutes(through: pair.containerIndex), in: namespaces)
    try routes.configureHost(pair.hostName, on: namespaces.host)
    try enableForwarding(for: routes.families)
    try attachment.add(
      AttachmentRules(masquerade: configuration.common.masquerade), for: result.addresses.map(\.address))

    result.override(configuration.common.network.dns)
    try attachment.commit(result)
    return result
  }

  func check(_ call: Call) throws(PluginError) {
    let configuration = try PointToPointConfiguration(call)
    try AddressManagement(call: call, type: configuration.addressManager).check()
    let interfaces = try InterfaceCheck(call)
    let entry = try interfaces.containerInterface()
    let namespaces = try AttachmentNamespaces.open(for: call)
    let link = try interfaces.link(entry, ofKind: "veth", in: namespaces.container)
    try interfaces.checkAddressesAndRoutes(of: link, in: namespaces.container)
    try PointToPointRoutes(interfaces.addresses).checkHost(peerOf: link, on: namespaces.host)
    try AttachmentRules.check(call, plugin: name)
  }

  func status(_ call: Call) throws(PluginError) {
    let configuration = try PointToPointConfiguration(call)
    try Readiness(call: call, addressManager: configuration.addressManager).check()
    try configuration.common.masquerade?.checkReadiness()
  }
}

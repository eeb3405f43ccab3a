internal import CNI
internal import JSON
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink
internal import State

/// The `bridge` plugin: a veth pair between the container and a bridge of the host.
struct Bridge: JournaledPlugin {
  let name = "bridge"

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let configuration = try BridgeConfiguration(call)
    return try transaction(call, addressManager: configuration.common.addressManager) {
      (attachment, namespaces) throws(PluginError) in
      try attach(&attachment, configuration, call, in: namespaces)
    }
  }

  private func attach(
    _ attachment: inout AttachmentInProgress, _ configuration: BridgeConfiguration, _ call: Call,
    in namespaces: borrowing AttachmentNamespaces
  ) throws(PluginError) -> AttachmentResult {
    var result = try attachment.addresses() ?? AttachmentResult()
    let gateway = try BridgeGateway.plan(configuration, &result)
    var bridge = try BridgeLink.ensure(configuration, on: namespaces.host)
    do throws(PluginError) {
      let pair = try VethPair.make(
        .init(
          mtu: configuration.common.mtu, containerAddress: configuration.hardwareAddress, master: bridge.link.index),
        for: &attachment, in: namespaces)
      try preparePort(pair, configuration, on: namespaces.host)
      try attachment.add(
        configuration.rules(hostLink: pair.hostName, containerAddress: pair.containerAddress),
        for: result.addresses.map(\.address))

      let position = result.setInterfaces(
        host: [AttachmentInterface(name: bridge.link.name), pair.hostInterface],
        container: pair.containerInterface(sandbox: call.namespacePath))
      if !configuration.disablesContainerInterface {
        var interface = ContainerInterface(name: pair.containerName, index: pair.containerIndex, position: position)
        if configuration.common.addressManager != nil {
          interface.announcesAddresses = true
          interface.duplicateAddressDetection = configuration.detectsDuplicateAddresses ? .enabled : .disabled
        }
        try interface.configure(result, in: namespaces)
      }
      if let vlanLink = try gateway.establish(on: &bridge, host: namespaces.host) {
        result.interfaces.append(AttachmentInterface(name: vlanLink.name, mac: vlanLink.address?.description ?? ""))
      }
      // Only now: the port or the gateway may have changed it.
      result.interfaces[0].mac = try bridge.hardwareAddress(on: namespaces.host)?.description ?? ""
      result.override(configuration.common.network.dns)
      try attachment.commit(result)
      return result
    } catch {
      // The port goes before the bridge, which stays as long as it has one. What fails here stays in the journal.
      _ = try? removeHostLinks(
        recordedAs: .record(attachment.record), of: call.attachment, from: namespaces.host)
      bridge.undo(on: namespaces.host)
      throw error
    }
  }

  /// Sets what a port of the bridge can have of its own.
  private func preparePort(_ pair: VethPair, _ configuration: BridgeConfiguration, on host: borrowing RouteSocket)
    throws(PluginError)
  {
    refuseRouterAdvertisements(on: pair.hostName)
    if configuration.isHairpin || configuration.isolatesPort {
      let settings = BridgePortSettings(hairpin: configuration.isHairpin, isolated: configuration.isolatesPort)
      try netlink { () throws(NetlinkError) in try host.perform([.setBridgePort(.name(pair.hostName), settings)]) }
    }
    if configuration.vlans.needFiltering {
      try configuration.vlans.apply(to: madeLink(pair.hostName, in: host).index, on: host)
    }
  }

  func check(_ call: Call) throws(PluginError) {
    let configuration = try BridgeConfiguration(call)
    try BridgeCheck(configuration: configuration, interfaces: InterfaceCheck(call)).run()
  }

  func status(_ call: Call) throws(PluginError) {
    let configuration = try BridgeConfiguration(call)
    try Readiness(call: call, addressManager: configuration.common.addressManager).check()
    try configuration.common.masquerade?.checkReadiness()
    if configuration.checksSpoofing { try RuleBackend.nftables.checkReadiness() }
    let link = try netlink { () throws(NetlinkError) in try RouteSocket().link(named: configuration.bridge) }
    guard let link, link.kind != "bridge" else { return }
    // Attachments that are there have lost their bridge.
    let attachments = try system { () throws(SystemError) in
      try Journal().attachments(of: call.networkName, plugin: name)
    }
    throw PluginError(
      attachments.isEmpty ? .unavailable : .limitedConnectivity,
      "\(quoted(configuration.bridge)) exists but is not a bridge")
  }
}

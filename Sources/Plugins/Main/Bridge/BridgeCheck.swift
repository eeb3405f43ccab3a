internal import CNI
internal import LinuxSystem
internal import Netlink
internal import RouteNetlink

/// CHECK of a `bridge` attachment: compares the bridge, both ends of the veth pair, the addresses and the routes with
/// the result of the ADD.
struct BridgeCheck {
  let configuration: BridgeConfiguration
  let interfaces: InterfaceCheck

  func run() throws(PluginError) {
    let call = interfaces.call
    if let addressManager = configuration.common.addressManager {
      try AddressManagement(call: call, type: addressManager).check()
    }
    let entry = try interfaces.containerInterface()
    let namespaces = try AttachmentNamespaces.open(for: call)
    let bridge = try bridgeLink(on: namespaces.host)
    let link = try interfaces.link(entry, ofKind: "veth", in: namespaces.container)
    try checkHostEnd(of: link, bridge: bridge, on: namespaces.host)
    try interfaces.checkAddressesAndRoutes(of: link, in: namespaces.container)
    try AttachmentRules.check(call, plugin: "bridge")
  }

  private func bridgeLink(on host: borrowing RouteSocket) throws(PluginError) -> Link {
    let name = configuration.bridge
    guard let entry = interfaces.previous.interfaces.last(where: { $0.name == name }) else {
      throw PluginError(.internal, "prevResult has no interface \(quoted(name)), the bridge")
    }
    if !entry.isOnHost {
      throw PluginError(.internal, "Interface \(name) should not be in sandbox")
    }
    guard let link = try netlink({ () throws(NetlinkError) in try host.link(named: name) }) else {
      throw PluginError(.internal, "Interface name \(name) not found")
    }
    guard link.kind == "bridge" else {
      throw PluginError(.internal, "Interface \(name) does not have link type of bridge")
    }
    try interfaces.checkAddress(of: link, entry)
    if configuration.isPromiscuous && !link.isPromiscuous {
      throw PluginError(
        .internal, "Bridge interface \(name) configured Promisc Mode true doesn't match current state: false")
    }
    return link
  }

  /// Checks that the other end of the container's interface is the link that the result tells of, and a port of the
  /// bridge.
  private func checkHostEnd(of link: Link, bridge: Link, on host: borrowing RouteSocket) throws(PluginError) {
    for entry in interfaces.previous.interfaces where entry.isOnHost && entry.name != bridge.name {
      guard let end = try netlink({ () throws(NetlinkError) in try host.link(named: entry.name) }) else {
        throw PluginError(.internal, "Interface name \(entry.name) not found")
      }
      guard end.kind == "veth", end.index == link.peerIndex, end.peerIndex == link.index, end.master == bridge.index
      else {
        continue
      }
      return try interfaces.checkAddress(of: end, entry)
    }
    throw PluginError(.internal, "CNI veth created for bridge \(bridge.name) was not found")
  }
}

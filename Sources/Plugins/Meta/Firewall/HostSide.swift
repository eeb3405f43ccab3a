internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkNamespaces
internal import RouteNetlink

/// Where a container is connected to the host.
struct HostSide {
  /// The link by which its packets come to the host: the bridge, or the end of the veth pair where there is none.
  let name: String

  /// The port of the bridge that the container is behind; nil where there is no bridge.
  let port: Link?

  /// Finds it by the interfaces of the previous result that are the host's, else by the other end of the container's
  /// interface.
  ///
  /// - Throws: Where there is none. Then the policy that asks for it cannot be had.
  static func find(for call: Call, in result: AttachmentResult, policy: String) throws(PluginError) -> HostSide {
    let host = try netlink { () throws(NetlinkError) in try RouteSocket() }
    var first: Link?
    for interface in result.interfaces where interface.sandbox == nil && !interface.name.isEmpty {
      let link = try netlink { () throws(NetlinkError) in try host.link(named: interface.name) }
      guard let link else { continue }
      if let side = try side(of: link, on: host) { return side }
      first = first ?? link
    }
    if let peer = try containerPeer(of: call, on: host), let side = try side(of: peer, on: host) { return side }
    guard let first else {
      throw PluginError(
        .invalidConfiguration,
        "interface needs to be set for ingress policy \(quoted(policy)), make sure to chain \"firewall\" plugin with "
          + "\"bridge\"",
        details: "no interface of prevResult is one of this host")
    }
    return HostSide(name: first.name, port: nil)
  }

  /// The bridge that a link is a port of; nil for a link that is none.
  private static func side(of link: Link, on host: borrowing RouteSocket) throws(PluginError) -> HostSide? {
    guard let master = link.master,
      let bridge = try netlink({ () throws(NetlinkError) in try host.link(at: master) }), bridge.kind == "bridge"
    else {
      return nil
    }
    return HostSide(name: bridge.name, port: link)
  }

  /// The other end of the container's interface.
  ///
  /// - Returns: nil where the interface is no end of a veth pair, or where the other end is not on this host.
  private static func containerPeer(of call: Call, on host: borrowing RouteSocket) throws(PluginError) -> Link? {
    let namespace = try openNamespace(of: call)
    let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
    return try? HostEnd.find(call.interfaceName, in: container, on: host).link
  }
}

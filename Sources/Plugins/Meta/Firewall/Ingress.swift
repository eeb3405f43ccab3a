internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkNamespaces
internal import RouteNetlink
internal import State

/// Where connections to a container may come from, with what that means on this host.
enum Ingress: Equatable {
  case open
  /// From what comes in by a bridge.
  case sameBridge(String)
  /// From nowhere.
  case isolated
}

/// Where a container is connected to the host.
struct IngressPoint {
  /// The link by which its packets come to the host: the bridge, or the end of the veth pair where there is none.
  let name: String

  /// The port of the bridge that the container is behind; nil where there is no bridge.
  let port: Link?

  /// Finds it by the interfaces of the previous result that are the host's, else by the other end of the container's
  /// interface.
  ///
  /// - Throws: Where there is none. Then the policy that asks for it cannot be had.
  static func find(for call: Call, in result: AttachmentResult, policy: String) throws(PluginError) -> IngressPoint {
    let host = try netlink { () throws(NetlinkError) in try RouteSocket() }
    var first: Link?
    for interface in result.interfaces where interface.sandbox == nil && !interface.name.isEmpty {
      guard let link = try netlink({ () throws(NetlinkError) in try host.link(named: interface.name) }) else { continue }
      if let end = try end(at: link, on: host) { return end }
      first = first ?? link
    }
    if let peer = try containerPeer(of: call, on: host), let end = try end(at: peer, on: host) { return end }
    guard let first else {
      throw PluginError(
        .invalidConfiguration,
        "interface needs to be set for ingress policy \(quoted(policy)), make sure to chain \"firewall\" plugin with "
          + "\"bridge\"",
        details: "no interface of prevResult is one of this host")
    }
    return IngressPoint(name: first.name, port: nil)
  }

  /// The bridge that a link is a port of; nil for a link that is none.
  private static func end(at link: Link, on host: borrowing RouteSocket) throws(PluginError) -> IngressPoint? {
    guard let master = link.master,
      let bridge = try netlink({ () throws(NetlinkError) in try host.link(at: master) }), bridge.kind == "bridge"
    else {
      return nil
    }
    return IngressPoint(name: bridge.name, port: link)
  }

  /// The other end of the container's interface; nil where that is no veth, or is not on this host.
  private static func containerPeer(of call: Call, on host: borrowing RouteSocket) throws(PluginError) -> Link? {
    let namespace = try openNamespace(of: call)
    return try netlink { () throws(NetlinkError) in
      let container = try RouteSocket(in: namespace)
      guard let own = try container.link(named: call.interfaceName), let index = own.peerIndex,
        let peer = try host.link(at: index)
      else {
        return nil
      }
      // An index of another namespace can be one of this, too: the two must name each other.
      return peer.peerIndex == own.index ? peer : nil
    }
  }
}

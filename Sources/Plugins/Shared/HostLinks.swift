internal import CNI
internal import LinuxSystem
internal import Netlink
internal import RouteNetlink
internal import State

/// The host's links of an attachment, as far as they are still there.
///
/// A record tells their names and addresses: a link that took the name later is somebody else's. Where the record cannot
/// be read there is the name that is derived from the attachment.
func hostLinks(
  recordedAs content: JournalEntry.Content, of attachment: Attachment, in host: borrowing RouteSocket
) throws(PluginError) -> [Link] {
  switch content {
  case .new: return []
  case .record(let record):
    var links: [Link] = []
    for end in record.hostLinks {
      let link = try netlink { () throws(NetlinkError) in try host.link(named: end.name) }
      if let link, link.address == end.address { links.append(link) }
    }
    return links
  case .unreadable:
    let link = try netlink { () throws(NetlinkError) in try host.link(named: attachment.hostLinkName()) }
    guard let link, link.kind == "veth" else { return [] }
    return [link]
  }
}

/// Removes the host's links of an attachment. The other ends go with them.
///
/// - Returns: Whether there was one.
@discardableResult
func removeHostLinks(
  recordedAs content: JournalEntry.Content, of attachment: Attachment, from host: borrowing RouteSocket
) throws(PluginError) -> Bool {
  let links = try hostLinks(recordedAs: content, of: attachment, in: host)
  try remove(links, from: host)
  return !links.isEmpty
}

/// Removes links. One that is gone by now is what is wanted.
func remove(_ links: [Link], from host: borrowing RouteSocket) throws(PluginError) {
  for link in links {
    try netlink { () throws(NetlinkError) in
      _ = try host.perform(.deleteLink(.index(link.index)), tolerating: [.noSuchDevice])
    }
  }
}

/// Finds a link that this call has made, to learn its index.
func madeLink(_ name: String, in namespace: borrowing RouteSocket) throws(PluginError) -> Link {
  guard let link = try netlink({ () throws(NetlinkError) in try namespace.link(named: name) }) else {
    throw PluginError(.internal, "link \(quoted(name)) is gone right after it was made")
  }
  return link
}

/// Finds the host's end of a container's veth pair by the other end.
///
/// - Throws: In the reference's words, where the interface is not the end of such a pair.
func vethPeer(
  of interface: String, in container: borrowing RouteSocket, on host: borrowing RouteSocket
) throws(PluginError) -> Link {
  func noPeer(_ reason: String) -> PluginError {
    PluginError("container interface \(interface) has no veth peer: \(reason)")
  }
  let link = try netlink { () throws(NetlinkError) in try container.link(named: interface) }
  guard let link else { throw noPeer("could not look up \(quoted(interface)): Link not found") }
  guard let index = link.peerIndex else { throw noPeer("interface \(quoted(interface)) was not a veth interface") }
  let peer = try netlink { () throws(NetlinkError) in try host.link(at: index) }
  // Each namespace counts for itself: another link can have this number here.
  guard let peer, peer.peerIndex == link.index else {
    throw PluginError("veth peer with index \(index) is not in host ns")
  }
  return peer
}

extension AttachmentInterface {
  /// Whether it is an interface of the host, and none of a container.
  var isOnHost: Bool { (sandbox ?? "").isEmpty }
}

internal import CLinux
internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink
internal import State
internal import SystemPackage

/// The link through which the packets of a container take a detour (`ifb`). What comes in cannot be held where it comes
/// in; the link holds it, and gives it back.
enum Redirection {
  /// How the names of these links begin, the reference's too.
  private static let prefix = "bwp"

  /// The names for the link of an attachment, in the order in which they are tried: the reference's, which is the same
  /// for all interfaces of a container in a network, and one for the interface alone.
  static func names(for attachment: Attachment) -> [String] {
    let container = attachment.network + attachment.containerID
    return [container, container + attachment.interfaceName].map { prefix + ReferenceNames.digest($0, digits: 12) }
  }

  /// What the link says about itself: whose it is, for people and for the other interfaces of the container. The
  /// reference says nothing. It has room for 255 bytes, and no attachment's three names are longer.
  static func alias(of attachment: Attachment) -> String {
    "\(attachment.network)/\(attachment.containerID)/\(attachment.interfaceName)"
  }

  /// Makes the link.
  ///
  /// - Parameter mtu: The largest packet of the link whose packets it gets.
  /// - Returns: The link, which is up and holds nothing yet.
  static func make(mtu: UInt32, for attachment: inout ChainedAttachment, on host: borrowing RouteSocket)
    throws(PluginError) -> Link
  {
    let owner = attachment.record.attachment
    for name in names(for: owner) {
      let present = try netlink { () throws(NetlinkError) in try host.link(named: name) }
      if let present {
        // What a record that was lost told of.
        guard present.alias == alias(of: owner) else { continue }
        try remove([present], from: host)
      }
      let end = AttachmentRecord.HostLink(name: name, address: .random(using: randomNumber()))
      try attachment.announce { $0.hostLinks = [end] }
      let request = RouteRequest.addLink(
        LinkSpecification(
          name: name, kind: .intermediateFunctionalBlock, mtu: mtu, address: end.address, isUp: true, transmitQueues: 1,
          receiveQueues: 1))
      // Another interface of the container may be a moment earlier.
      guard try netlink({ () throws(NetlinkError) in try host.perform(request, tolerating: [.fileExists]) }) else {
        continue
      }
      let link = try madeLink(name, in: host)
      try netlink { () throws(NetlinkError) in
        try host.perform([.setLink(.index(link.index), LinkChanges(alias: alias(of: owner)))])
      }
      return link
    }
    throw PluginError(
      .internal, "failed to find a name for the ifb of \(alias(of: owner))",
      details: "\(names(for: owner).joined(separator: " and ")) are taken")
  }

  /// The links of an attachment of which no record tells: the reference's, and those whose record was lost.
  static func unrecorded(of attachment: Attachment, on host: borrowing RouteSocket) throws(PluginError) -> [Link] {
    var links: [Link] = []
    for name in names(for: attachment) {
      let link = try netlink { () throws(NetlinkError) in try host.link(named: name) }
      guard let link, link.kind == "ifb" else { continue }
      if link.alias == nil || link.alias == alias(of: attachment) { links.append(link) }
    }
    return links
  }

  /// The filter that redirects everything that comes in.
  static func filter(to link: UInt32, parent: TrafficHandle) -> TrafficFilter {
    TrafficFilter(
      parent: parent, preference: 1, protocolNumber: UInt16(ETH_P_ALL), matches: [.anything],
      classHandle: TrafficHandle(1, 1), redirection: link)
  }

  /// Checks that everything that comes in at the host's end takes the detour through the link of the attachment.
  ///
  /// - Returns: That link.
  static func check(_ end: HostEnd, of attachment: Attachment, on host: borrowing RouteSocket) throws(PluginError)
    -> Link
  {
    for found in try end.incomingFilters(on: host) where try made(found, on: host) {
      let index = found.redirection ?? 0
      let link = index == 0 ? nil : try netlink { () throws(NetlinkError) in try host.link(at: index) }
      guard let link, names(for: attachment).contains(link.name) else {
        throw PluginError(
          .internal, "get ifb device: Link not found",
          details: "what comes in at \(end.link.name) goes to \(link?.name ?? "a link that is gone")")
      }
      let wanted = filter(to: index, parent: found.parent)
      guard found.matches == wanted.matches, found.protocolNumber == wanted.protocolNumber, link.isUp else {
        throw PluginError(
          .internal, "Failed to find filter",
          details: "not everything that comes in at \(end.link.name) goes through \(link.name)")
      }
      return link
    }
    throw PluginError(
      .internal, "Failed to find filter", details: "nothing that comes in at \(end.link.name) is redirected")
  }

  /// Whether a filter redirects to a link of this plugin or of the reference, or to one that is gone: then the kernel
  /// drops all packets that it matches.
  static func made(_ filter: TrafficFilter, on host: borrowing RouteSocket) throws(PluginError) -> Bool {
    guard let index = filter.redirection else { return false }
    if index == 0 { return true }
    let target = try netlink { () throws(NetlinkError) in try host.link(at: index) }
    return target?.kind == "ifb" && target?.name.hasPrefix(prefix) == true
  }
}

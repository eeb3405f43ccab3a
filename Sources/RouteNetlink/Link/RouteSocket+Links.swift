internal import CLinux
internal import LinuxSystem
public import Netlink
internal import SystemPackage

extension RouteSocket {
  /// Finds a link by its name. A name of more than 15 bytes is looked up among the alternative names.
  ///
  /// - Returns: The link; nil if there is none.
  public func link(named name: String) throws(NetlinkError) -> Link? {
    // The kernel answers ERANGE to a name that no link can have, not that there is none.
    if name.utf8.count >= Int(ALTIFNAMSIZ) { return nil }
    return try link(.name(name))
  }

  /// Finds a link by its index.
  ///
  /// - Returns: The link; nil if there is none.
  public func link(at index: UInt32) throws(NetlinkError) -> Link? { try link(.index(index)) }

  private func link(_ reference: LinkReference) throws(NetlinkError) -> Link? {
    var header = ifinfomsg()
    header.ifi_index = reference.index
    var message = MessageBuilder(MessageType(RTM_GETLINK), [], header)
    reference.append(to: &message)
    // Counters make half of the answer, and nobody here reads them.
    message.append(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
    do throws(NetlinkError) {
      return try socket.query(NetlinkRequest(message, "find link \(reference)")) { (message) throws(MalformedMessage) in
        try Link(message)
      }
    } catch {
      if error.code == .noSuchDevice { return nil }
      throw error
    }
  }

  /// All links of the namespace.
  public func links() throws(NetlinkError) -> [Link] {
    var message = MessageBuilder(MessageType(RTM_GETLINK), .dump, ifinfomsg())
    message.append(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
    return try socket.dump(NetlinkRequest(message, "list links")) { (message) throws(MalformedMessage) in
      try Link(message)
    }
  }
}

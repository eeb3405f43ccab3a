internal import CLinux
public import Netlink
public import NetworkAddresses

extension RouteSocket {
  /// The addresses of a link, or of all links. The kernel does the choosing.
  ///
  /// - Parameters:
  ///   - index: The index of the link; nil for all links. Where there is no such link, the error is `ENODEV`.
  ///   - family: The version of the internet protocol; nil for both.
  public func addresses(of index: UInt32? = nil, family: AddressFamily? = nil) throws(NetlinkError) -> [LinkAddress] {
    var header = ifaddrmsg()
    header.ifa_family = family?.number ?? UInt8(AF_UNSPEC)
    header.ifa_index = index ?? 0
    let message = MessageBuilder(MessageType(RTM_GETADDR), .dump, header)
    let subject = index.map { " of link with index \($0)" } ?? ""
    return try socket.dump(NetlinkRequest(message, "list addresses\(subject)")) { (message) throws(MalformedMessage) in
      try LinkAddress(message)
    }
  }
}

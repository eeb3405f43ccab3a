internal import CLinux
public import Netlink
public import NetworkAddresses

extension RouteSocket {
  /// The rules of a version of the internet protocol in the order in which the kernel goes through them; nil for both,
  /// those of IPv4 first.
  ///
  /// The kernel lists all rules of a network namespace or none. What matters of them is the caller's to choose.
  public func rules(_ family: AddressFamily? = nil) throws(NetlinkError) -> [RoutingRule] {
    // One family after the other: a dump of all families has those of protocols that are not the internet's, too.
    if let family { return try list(family) }
    return try list(.ipv4) + list(.ipv6)
  }

  private func list(_ family: AddressFamily) throws(NetlinkError) -> [RoutingRule] {
    var header = fib_rule_hdr()
    header.family = family.number
    let message = MessageBuilder(MessageType(RTM_GETRULE), .dump, header)
    return try socket.dump(NetlinkRequest(message, "list rules")) { (message) throws(MalformedMessage) in
      try RoutingRule(message)
    }
  }
}

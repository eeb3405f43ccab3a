internal import CLinux
public import Netlink
public import NetworkAddresses
internal import SystemPackage

/// Which routes are asked for. The kernel does the choosing. What is nil does not matter.
public struct RouteFilter: Hashable, Sendable {
  /// The version of the internet protocol.
  public var family: AddressFamily?

  /// The table; nil for all of them, also the one with the machine's own addresses.
  public var table: RouteTable?

  /// The index of the link that they leave by.
  public var linkIndex: UInt32?

  /// Who made them.
  public var origin: RouteProtocol?

  public init(
    family: AddressFamily? = nil, table: RouteTable? = nil, linkIndex: UInt32? = nil, origin: RouteProtocol? = nil
  ) {
    self.family = family
    self.table = table
    self.linkIndex = linkIndex
    self.origin = origin
  }
}

extension RouteSocket {
  /// The routes that a filter lets through, in the kernel's order, those of IPv4 first. A table that does not exist has
  /// none.
  public func routes(_ filter: RouteFilter = RouteFilter()) throws(NetlinkError) -> [Route] {
    // One family after the other: a dump of all families has those of protocols that are not the internet's, too.
    if let family = filter.family { return try routes(filter, of: family) }
    return try routes(filter, of: .ipv4) + routes(filter, of: .ipv6)
  }

  private func routes(_ filter: RouteFilter, of family: AddressFamily) throws(NetlinkError) -> [Route] {
    var header = rtmsg()
    header.rtm_family = family.number
    header.rtm_table = filter.table?.headerValue ?? 0
    header.rtm_protocol = filter.origin?.rawValue ?? 0
    var message = MessageBuilder(MessageType(RTM_GETROUTE), .dump, header)
    if let table = filter.table { message.append(Int(RTA_TABLE.rawValue), table.rawValue) }
    if let linkIndex = filter.linkIndex { message.append(Int(RTA_OIF.rawValue), linkIndex) }
    do throws(NetlinkError) {
      return try socket.dump(NetlinkRequest(message, "list routes")) { (message) throws(MalformedMessage) in
        try Route(message)
      }
    } catch {
      // Tables come into being with their first route.
      if error.code == .noSuchFileOrDirectory && filter.table != nil { return [] }
      throw error
    }
  }

  /// The route that a packet of this machine to an address would take, as the kernel decides it from all tables and
  /// rules.
  ///
  /// The shell equivalent is `ip route get`.
  ///
  /// - Returns: A route to this address alone, of the type ``RouteType/local`` for an address of this machine; nil where
  ///   none leads there.
  public func route(to address: IPAddress) throws(NetlinkError) -> Route? {
    var header = rtmsg()
    header.rtm_family = address.family.number
    header.rtm_dst_len = UInt8(address.bitWidth)
    var message = MessageBuilder(MessageType(RTM_GETROUTE), [], header)
    message.append(Int(RTA_DST.rawValue), address)
    do throws(NetlinkError) {
      return try socket.query(NetlinkRequest(message, "find route to \(address)")) {
        (message) throws(MalformedMessage) in
        try Route(message)
      }
    } catch {
      if error.code == .networkUnreachable || error.code == .noRouteToHost { return nil }
      throw error
    }
  }
}

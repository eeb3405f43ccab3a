internal import CLinux
public import Netlink
public import NetworkAddresses

/// Who is behind an address on a link: an entry of the ARP or NDP table. See `struct ndmsg` in <linux/neighbour.h>.
public struct Neighbor: Hashable, Sendable {
  /// The internet address.
  public var address: IPAddress

  /// The hardware address; nil while it is not known.
  public var hardwareAddress: MACAddress?

  /// The index of the link that it is on.
  public var linkIndex: UInt32

  /// What the kernel knows about it.
  public var state: NeighborState

  public init(
    _ address: IPAddress, hardwareAddress: MACAddress? = nil, on linkIndex: UInt32, state: NeighborState = .permanent
  ) {
    self.address = address
    self.hardwareAddress = hardwareAddress
    self.linkIndex = linkIndex
    self.state = state
  }
}

extension Neighbor {
  /// Reads a message of the type `RTM_NEWNEIGH`; nil for an entry of another kind, as those of a bridge.
  package init?(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(ndmsg.self)
    guard AddressFamily(number: header.ndm_family) != nil else { return nil }
    var address: IPAddress?
    var hardwareAddress: MACAddress?
    var attributes = try message.attributes(after: ndmsg.self)
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NDA_DST: address = try attribute.address
      case NDA_LLADDR: hardwareAddress = attribute.hardwareAddress
      default: break
      }
    }
    guard let address else { throw MalformedMessage("neighbour without an address") }
    self.init(
      address, hardwareAddress: hardwareAddress, on: UInt32(truncatingIfNeeded: header.ndm_ifindex),
      state: NeighborState(rawValue: header.ndm_state))
  }

  fileprivate func message(_ type: Int, _ flags: MessageFlags = []) -> MessageBuilder {
    var header = ndmsg()
    header.ndm_family = address.family.number
    header.ndm_ifindex = CInt(truncatingIfNeeded: linkIndex)
    header.ndm_state = state.rawValue
    var message = MessageBuilder(changing: type, header, flags)
    message.append(NDA_DST, address)
    if let hardwareAddress { message.append(NDA_LLADDR, hardwareAddress) }
    return message
  }
}

extension RouteRequest {
  /// Says who is behind an address. Fails with `EEXIST` where the kernel knows somebody.
  ///
  /// The shell equivalent is `ip neighbour add`.
  public static func addNeighbor(_ neighbor: Neighbor) -> RouteRequest {
    RouteRequest(
      neighbor.message(RTM_NEWNEIGH, [.create, .exclusive]),
      "add neighbour \(neighbor.address) on link with index \(neighbor.linkIndex)")
  }

  /// Says who is behind an address, whatever the kernel knows.
  ///
  /// The shell equivalent is `ip neighbour replace`.
  public static func replaceNeighbor(_ neighbor: Neighbor) -> RouteRequest {
    RouteRequest(
      neighbor.message(RTM_NEWNEIGH, [.create, .replace]),
      "replace neighbour \(neighbor.address) on link with index \(neighbor.linkIndex)")
  }

  /// Forgets who is behind an address. Fails with `ENOENT` where the kernel does not know.
  ///
  /// The shell equivalent is `ip neighbour delete`.
  public static func deleteNeighbor(_ address: IPAddress, on linkIndex: UInt32) -> RouteRequest {
    RouteRequest(
      Neighbor(address, on: linkIndex, state: []).message(RTM_DELNEIGH),
      "delete neighbour \(address) on link with index \(linkIndex)")
  }
}

extension RouteSocket {
  /// The neighbours on a link, or on all links. The kernel does the choosing.
  ///
  /// - Parameters:
  ///   - index: The index of the link; nil for all links.
  ///   - family: The version of the internet protocol; nil for both.
  public func neighbors(of index: UInt32? = nil, family: AddressFamily? = nil) throws(NetlinkError) -> [Neighbor] {
    var header = ndmsg()
    header.ndm_family = family?.number ?? UInt8(AF_UNSPEC)
    var message = MessageBuilder(MessageType(RTM_GETNEIGH), .dump, header)
    if let index { message.append(NDA_IFINDEX, index) }
    return try socket.dump(NetlinkRequest(message, "list neighbours")) { (message) throws(MalformedMessage) in
      try Neighbor(message)
    }
  }
}

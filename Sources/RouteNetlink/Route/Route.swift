public import NetworkAddresses

/// A way to a network. See `struct rtmsg` in <linux/rtnetlink.h> and rtnetlink(7).
public struct Route: Hashable, Sendable {
  /// The network that it leads to. Host bits that are set are an error to the kernel.
  public var destination: CIDR

  /// The next machine on the way; nil where the destination is on the link itself. It may be of the other version of
  /// the internet protocol.
  public var gateway: IPAddress?

  /// The address that this machine uses on the way, unless a program says otherwise.
  public var source: IPAddress?

  /// The index of the link that it leaves by. The kernel finds it where there is a gateway.
  public var linkIndex: UInt32?

  /// What decides between routes to the same network: the lower number wins. The kernel takes nil for 0 in IPv4, and
  /// for 1024 in IPv6.
  public var priority: UInt32?

  /// The table that it is in.
  public var table: RouteTable

  /// How far away the destination is.
  public var scope: Scope

  /// Who made it.
  public var origin: RouteProtocol

  /// What becomes of the packets.
  public var type: RouteType

  /// The largest packet, in bytes, where it is smaller than that of the link.
  public var mtu: UInt32?

  /// The segment size to offer to a TCP peer, in bytes.
  public var advertisedMSS: UInt32?

  /// Whether the gateway is on the link even though no network of the link contains it.
  public var isOnLink: Bool

  /// The ways, where there is more than one. Then gateway and link index are nil.
  public var nexthops: [Nexthop]

  /// Whether the link or the way does not work at present. The kernel says so, nobody can set it.
  public internal(set) var isDead = false

  public init(
    to destination: CIDR, via gateway: IPAddress? = nil, source: IPAddress? = nil, linkIndex: UInt32? = nil,
    priority: UInt32? = nil, table: RouteTable = .main, scope: Scope = .universe, origin: RouteProtocol = .boot,
    type: RouteType = .unicast, mtu: UInt32? = nil, advertisedMSS: UInt32? = nil, isOnLink: Bool = false,
    nexthops: [Nexthop] = []
  ) {
    self.destination = destination
    self.gateway = gateway
    self.source = source
    self.linkIndex = linkIndex
    self.priority = priority
    self.table = table
    self.scope = scope
    self.origin = origin
    self.type = type
    self.mtu = mtu
    self.advertisedMSS = advertisedMSS
    self.isOnLink = isOnLink
    self.nexthops = nexthops
  }

  /// One of several ways to a destination: `struct rtnexthop` in <linux/rtnetlink.h>.
  public struct Nexthop: Hashable, Sendable {
    /// The next machine on the way.
    public var gateway: IPAddress?

    /// The index of the link that it leaves by.
    public var linkIndex: UInt32?

    /// Its share of the packets, from 1 to 256, out of those of all ways.
    public var weight: Int

    /// Whether the gateway is on the link even though no network of the link contains it.
    public var isOnLink: Bool

    public init(via gateway: IPAddress? = nil, linkIndex: UInt32? = nil, weight: Int = 1, isOnLink: Bool = false) {
      self.gateway = gateway
      self.linkIndex = linkIndex
      self.weight = weight
      self.isOnLink = isOnLink
    }
  }
}

extension Route: CustomStringConvertible {
  /// The way that errors name it: `10.9.0.0/16 via 10.1.0.1 by link with index 7`.
  public var description: String {
    var text = destination.description
    if let gateway { text += " via \(gateway)" }
    if let linkIndex { text += " by link with index \(linkIndex)" }
    if let priority { text += " priority \(priority)" }
    if table != .main { text += " in table \(table)" }
    return text
  }
}

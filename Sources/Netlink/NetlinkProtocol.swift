internal import CLinux

/// The part of the kernel that a socket talks to. See the `NETLINK_*` constants of <linux/netlink.h>.
public struct NetlinkProtocol: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32

  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Links, addresses, routes, neighbours. The corresponding C constant is `NETLINK_ROUTE`.
  public static let route = NetlinkProtocol(rawValue: NETLINK_ROUTE)

  /// nf_tables, conntrack. The corresponding C constant is `NETLINK_NETFILTER`.
  public static let netfilter = NetlinkProtocol(rawValue: NETLINK_NETFILTER)
}

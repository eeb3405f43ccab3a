internal import CLinux

/// What becomes of packets that take a route: the `RTN_*` constants of <linux/rtnetlink.h>.
public struct RouteType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  private init(_ constant: Int) { rawValue = UInt8(truncatingIfNeeded: constant) }

  /// They are sent on. The corresponding C constant is `RTN_UNICAST`.
  public static let unicast = RouteType(RTN_UNICAST)

  /// They are for this machine. The corresponding C constant is `RTN_LOCAL`.
  public static let local = RouteType(RTN_LOCAL)

  /// They are for all on the link. The corresponding C constant is `RTN_BROADCAST`.
  public static let broadcast = RouteType(RTN_BROADCAST)

  /// They are for a group. The corresponding C constant is `RTN_MULTICAST`.
  public static let multicast = RouteType(RTN_MULTICAST)

  /// They are dropped without a word. The corresponding C constant is `RTN_BLACKHOLE`.
  public static let blackhole = RouteType(RTN_BLACKHOLE)

  /// They are dropped, and the sender is told. The corresponding C constant is `RTN_UNREACHABLE`.
  public static let unreachable = RouteType(RTN_UNREACHABLE)
}

/// Who made a route: the `RTPROT_*` constants of <linux/rtnetlink.h>.
public struct RouteProtocol: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  private init(_ constant: CInt) { rawValue = UInt8(truncatingIfNeeded: constant) }

  /// In a question: no matter who. The corresponding C constant is `RTPROT_UNSPEC`.
  public static let unspecified = RouteProtocol(RTPROT_UNSPEC)

  /// The kernel, for an address. The corresponding C constant is `RTPROT_KERNEL`.
  public static let kernel = RouteProtocol(RTPROT_KERNEL)

  /// What the machine was set up with; what tools say that do not say anything else. The corresponding C constant is
  /// `RTPROT_BOOT`.
  public static let boot = RouteProtocol(RTPROT_BOOT)

  /// An administrator. The corresponding C constant is `RTPROT_STATIC`.
  public static let administrator = RouteProtocol(RTPROT_STATIC)
}

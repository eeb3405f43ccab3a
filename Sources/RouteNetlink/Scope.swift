internal import CLinux

/// How far an address or a destination reaches: `rt_scope_t` in <linux/rtnetlink.h>.
public struct Scope: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  private init(_ constant: rt_scope_t) { rawValue = UInt8(truncatingIfNeeded: constant.rawValue) }

  /// Anywhere. The corresponding C constant is `RT_SCOPE_UNIVERSE`.
  public static let universe = Scope(RT_SCOPE_UNIVERSE)

  /// Inside of the site. The corresponding C constant is `RT_SCOPE_SITE`.
  public static let site = Scope(RT_SCOPE_SITE)

  /// Directly attached. The corresponding C constant is `RT_SCOPE_LINK`.
  public static let link = Scope(RT_SCOPE_LINK)

  /// This machine. The corresponding C constant is `RT_SCOPE_HOST`.
  public static let host = Scope(RT_SCOPE_HOST)

  /// Nowhere. The corresponding C constant is `RT_SCOPE_NOWHERE`.
  public static let nowhere = Scope(RT_SCOPE_NOWHERE)
}

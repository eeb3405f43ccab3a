internal import CLinux

/// A routing table: `enum rt_class_t` in <linux/rtnetlink.h>, or any other number of 32 bits.
public struct RouteTable: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public init(integerLiteral value: UInt32) { rawValue = value }

  /// What is used unless somebody says otherwise. The corresponding C constant is `RT_TABLE_MAIN`.
  public static let main = RouteTable(rawValue: RT_TABLE_MAIN.rawValue)

  /// The machine's own addresses; the kernel keeps it. The corresponding C constant is `RT_TABLE_LOCAL`.
  public static let local = RouteTable(rawValue: RT_TABLE_LOCAL.rawValue)

  public var description: String {
    switch self {
    case .main: "main"
    case .local: "local"
    default: String(rawValue)
    }
  }

  /// The number as the one byte of `struct rtmsg`; a table that does not fit stands in `RTA_TABLE` only.
  var headerValue: UInt8 { UInt8(exactly: rawValue) ?? UInt8(RT_TABLE_COMPAT.rawValue) }
}

internal import CLinux

/// What becomes of packets that a rule matches: the `FR_ACT_*` constants of <linux/fib_rules.h>.
public struct RuleAction: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  private init(_ constant: Int) { rawValue = UInt8(truncatingIfNeeded: constant) }

  /// Their destination is looked up in the rule's table. The corresponding C constant is `FR_ACT_TO_TBL`.
  public static let lookUp = RuleAction(FR_ACT_TO_TBL)

  /// They are dropped without a word. The corresponding C constant is `FR_ACT_BLACKHOLE`.
  public static let blackhole = RuleAction(FR_ACT_BLACKHOLE)

  /// They are dropped, and the sender is told that there is no way. The corresponding C constant is
  /// `FR_ACT_UNREACHABLE`.
  public static let unreachable = RuleAction(FR_ACT_UNREACHABLE)

  /// They are dropped, and the sender is told that it is forbidden. The corresponding C constant is `FR_ACT_PROHIBIT`.
  public static let prohibit = RuleAction(FR_ACT_PROHIBIT)

  public var description: String {
    switch self {
    case .lookUp: "lookup"
    case .blackhole: "blackhole"
    case .unreachable: "unreachable"
    case .prohibit: "prohibit"
    default: "action \(rawValue)"
    }
  }
}

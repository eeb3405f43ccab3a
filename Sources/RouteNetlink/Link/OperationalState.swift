internal import CLinux

/// Whether a link can carry packets (RFC 2863): the `IF_OPER_*` constants of <linux/if.h>.
public struct OperationalState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  private init(_ constant: Int) { rawValue = UInt8(truncatingIfNeeded: constant) }

  /// The driver does not say: a loopback's state. The corresponding C constant is `IF_OPER_UNKNOWN`.
  public static let unknown = OperationalState(IF_OPER_UNKNOWN)

  /// Something that it needs is missing. The corresponding C constant is `IF_OPER_NOTPRESENT`.
  public static let notPresent = OperationalState(IF_OPER_NOTPRESENT)

  /// The corresponding C constant is `IF_OPER_DOWN`.
  public static let down = OperationalState(IF_OPER_DOWN)

  /// What it stands on is down. The corresponding C constant is `IF_OPER_LOWERLAYERDOWN`.
  public static let lowerLayerDown = OperationalState(IF_OPER_LOWERLAYERDOWN)

  /// The corresponding C constant is `IF_OPER_TESTING`.
  public static let testing = OperationalState(IF_OPER_TESTING)

  /// It waits for something outside. The corresponding C constant is `IF_OPER_DORMANT`.
  public static let dormant = OperationalState(IF_OPER_DORMANT)

  /// The corresponding C constant is `IF_OPER_UP`.
  public static let up = OperationalState(IF_OPER_UP)

  /// The name that Linux tools print, in lower case: `lower-layer-down`.
  public var description: String {
    switch self {
    case .unknown: "unknown"
    case .notPresent: "not-present"
    case .down: "down"
    case .lowerLayerDown: "lower-layer-down"
    case .testing: "testing"
    case .dormant: "dormant"
    case .up: "up"
    default: "state \(rawValue)"
    }
  }
}

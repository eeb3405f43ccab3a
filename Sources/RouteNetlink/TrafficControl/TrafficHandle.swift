internal import CLinux

/// The number of a queueing discipline or of a class, on one link: `1:30`, two parts of 16 bits in hexadecimal. A
/// discipline has the first part for itself (`1:`), its classes share it. See `tc(8)`.
public struct TrafficHandle: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Joins the two parts.
  ///
  /// - Parameter minor: 0 for a queueing discipline.
  public init(_ major: UInt16, _ minor: UInt16 = 0) { rawValue = UInt32(major) << 16 | UInt32(minor) }

  /// No number: the kernel chooses one. What it makes unasked has this.
  public static let unspecified = TrafficHandle(rawValue: TC_H_UNSPEC)

  /// The parent of the discipline through which all packets go out. The corresponding C constant is `TC_H_ROOT`.
  public static let root = TrafficHandle(rawValue: TC_H_ROOT)

  /// The parent of the discipline through which all packets come in. The corresponding C constant is `TC_H_INGRESS`.
  public static let ingress = TrafficHandle(rawValue: TC_H_INGRESS)

  /// The number that the discipline at ``ingress`` always has: `ffff:`.
  public static let ingressDiscipline = TrafficHandle(0xffff)

  /// The class of packets that come in, in the discipline `clsact`: `ffff:fff2`. The corresponding C constant is
  /// `TC_H_MIN_INGRESS`.
  public static let classActionIngress = TrafficHandle(0xffff, UInt16(TC_H_MIN_INGRESS))

  /// As `tc(8)` writes it: `root`, `1:`, `1:30`.
  public var description: String {
    switch self {
    case .root: "root"
    case .ingress: "ingress"
    default:
      String(rawValue >> 16, radix: 16) + ":" + (rawValue & 0xffff == 0 ? "" : String(rawValue & 0xffff, radix: 16))
    }
  }
}

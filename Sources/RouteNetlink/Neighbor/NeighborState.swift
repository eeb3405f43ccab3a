internal import CLinux

/// What the kernel knows about a neighbour: the `NUD_*` constants of <linux/neighbour.h>.
public struct NeighborState: OptionSet, Hashable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  private init(_ constant: CInt) { rawValue = UInt16(truncatingIfNeeded: constant) }

  /// It was asked for its hardware address. The corresponding C constant is `NUD_INCOMPLETE`.
  public static let incomplete = NeighborState(NUD_INCOMPLETE)

  /// It answered a short time ago. The corresponding C constant is `NUD_REACHABLE`.
  public static let reachable = NeighborState(NUD_REACHABLE)

  /// It answered a long time ago. The corresponding C constant is `NUD_STALE`.
  public static let stale = NeighborState(NUD_STALE)

  /// It answered a long time ago, and packets are on their way. The corresponding C constant is `NUD_DELAY`.
  public static let delayed = NeighborState(NUD_DELAY)

  /// It is asked whether it is still there. The corresponding C constant is `NUD_PROBE`.
  public static let probed = NeighborState(NUD_PROBE)

  /// It does not answer. The corresponding C constant is `NUD_FAILED`.
  public static let failed = NeighborState(NUD_FAILED)

  /// Nobody needs to ask: a group of receivers. The corresponding C constant is `NUD_NOARP`.
  public static let withoutResolution = NeighborState(NUD_NOARP)

  /// Somebody said so, for ever. The corresponding C constant is `NUD_PERMANENT`.
  public static let permanent = NeighborState(NUD_PERMANENT)
}

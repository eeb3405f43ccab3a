internal import CLinux

/// How the kernel treats an address: the `IFA_F_*` constants of <linux/if_addr.h>.
public struct AddressFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(_ constant: CInt) { rawValue = UInt32(bitPattern: constant) }

  /// Is in use at once, without a search for somebody who has it already. For IPv6 only. The corresponding C constant
  /// is `IFA_F_NODAD`.
  public static let noDuplicateDetection = AddressFlags(IFA_F_NODAD)

  /// Is in use while that search goes on. For IPv6 only. The corresponding C constant is `IFA_F_OPTIMISTIC`.
  public static let optimistic = AddressFlags(IFA_F_OPTIMISTIC)

  /// Was found to be somebody else's. For IPv6 only. The corresponding C constant is `IFA_F_DADFAILED`.
  public static let duplicate = AddressFlags(IFA_F_DADFAILED)

  /// Is not in use yet: the search goes on. For IPv6 only. The corresponding C constant is `IFA_F_TENTATIVE`.
  public static let tentative = AddressFlags(IFA_F_TENTATIVE)

  /// Has no end. The corresponding C constant is `IFA_F_PERMANENT`.
  public static let permanent = AddressFlags(IFA_F_PERMANENT)

  /// Brings no route to its network along. The corresponding C constant is `IFA_F_NOPREFIXROUTE`.
  public static let noPrefixRoute = AddressFlags(IFA_F_NOPREFIXROUTE)
}

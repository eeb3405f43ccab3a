/// One of the two versions of the internet protocol.
public enum AddressFamily: Hashable, Sendable, CaseIterable {
  case ipv4
  case ipv6

  /// The width of an address in bits: 32 or 128.
  public var bitWidth: Int { self == .ipv4 ? 32 : 128 }

  /// The width of an address in bytes: 4 or 16.
  public var byteCount: Int { bitWidth / 8 }
}

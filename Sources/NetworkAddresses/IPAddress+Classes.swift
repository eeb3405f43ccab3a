// What an address is for: the ranges that the standards set apart. The rules are those of Go's `net.IP`, so that both
// implementations of CNI judge an address alike.

extension IPAddress {
  /// Whether it stands for no address: `0.0.0.0`, `::`.
  public var isUnspecified: Bool { number == 0 }

  /// Whether it is the machine itself: `127.0.0.0/8`, `::1`.
  public var isLoopback: Bool {
    switch self {
    case .v4(let address): address.rawValue >> 24 == 127
    case .v6(let address): address.rawValue == 1
    }
  }

  /// Whether it is of use on one link only: `169.254.0.0/16`, `fe80::/10`.
  public var isLinkLocalUnicast: Bool {
    switch self {
    case .v4(let address): address.rawValue >> 16 == 0xa9fe
    case .v6(let address): address.rawValue >> 118 == 0xfe80 >> 6
    }
  }

  /// Whether it is a group of receivers: `224.0.0.0/4`, `ff00::/8`.
  public var isMulticast: Bool {
    switch self {
    case .v4(let address): address.rawValue >> 28 == 0xe
    case .v6(let address): address.rawValue >> 120 == 0xff
    }
  }

  /// Whether it can be the address of one interface beyond its own link. Private ranges (RFC 1918, RFC 4193) count.
  public var isGlobalUnicast: Bool {
    if self == .v4(IPv4Address(rawValue: .max)) { return false }
    return !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast
  }
}

/// An internet address of either version.
///
/// Texts are parsed as strictly as Go's `net` package does it. An IPv4-mapped text (`::ffff:10.0.0.2`) is the IPv4
/// address that it names, so that one address has one value and one text.
///
/// Addresses are ordered by version (IPv4 first), then by number.
public enum IPAddress: Hashable, Comparable, Sendable {
  case v4(IPv4Address)
  case v6(IPv6Address)

  /// The version of the internet protocol that the address belongs to.
  public var family: AddressFamily {
    switch self {
    case .v4: .ipv4
    case .v6: .ipv6
    }
  }

  /// The width in bits: 32 or 128.
  public var bitWidth: Int { family.bitWidth }

  /// The address as an integer in the machine's byte order, whatever its version.
  public var number: UInt128 {
    switch self {
    case .v4(let address): UInt128(address.rawValue)
    case .v6(let address): address.rawValue
    }
  }

  /// The address of a family with the given number; nil when the family has no such number.
  public init?(_ family: AddressFamily, number: UInt128) {
    switch family {
    case .ipv4:
      guard let value = UInt32(exactly: number) else { return nil }
      self = .v4(IPv4Address(rawValue: value))
    case .ipv6: self = .v6(IPv6Address(rawValue: number))
    }
  }
}

// MARK: Text

extension IPAddress: LosslessStringConvertible {
  /// Parses the text of an address of either version; nil when it is anything else.
  public init?(_ text: String) {
    self.init(ascii: text.utf8.span)
  }

  init?(ascii text: Span<UInt8>) {
    if let address = IPv4Address(ascii: text) {
      self = .v4(address)
    } else if let address = IPv6Address(ascii: text) {
      if let mapped = address.mappedIPv4 { self = .v4(mapped) } else { self = .v6(address) }
    } else {
      return nil
    }
  }

  public var description: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): address.description
    }
  }
}

// MARK: Bytes

extension IPAddress {
  /// The bytes in network order: four or sixteen.
  public var bytes: [UInt8] {
    let count = family.byteCount
    let number = number
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      for index in 0..<count {
        buffer[index] = UInt8(truncatingIfNeeded: number >> UInt128(8 * (count - 1 - index)))
      }
      initializedCount = count
    }
  }

  /// The address that four or sixteen bytes in network order stand for; nil for any other number of bytes.
  ///
  /// Bytes are taken as they are: sixteen of them are an IPv6 address, be it IPv4-mapped or not.
  public init?(bytes: some Collection<UInt8>) {
    var number: UInt128 = 0
    for byte in bytes.prefix(16) { number = number << 8 | UInt128(byte) }
    switch bytes.count {
    case 4: self = .v4(IPv4Address(rawValue: UInt32(number)))
    case 16: self = .v6(IPv6Address(rawValue: number))
    default: return nil
    }
  }
}

// MARK: Arithmetic

extension IPAddress {
  /// The address after this one; nil at the end of the family.
  public var next: IPAddress? { advanced(by: 1) }

  /// The address before this one; nil at the start of the family.
  public var previous: IPAddress? { number == 0 ? nil : IPAddress(family, number: number - 1) }

  /// The address that many further; nil past the end of the family.
  public func advanced(by distance: UInt128) -> IPAddress? {
    let (sum, overflow) = number.addingReportingOverflow(distance)
    return overflow ? nil : IPAddress(family, number: sum)
  }

  /// How far a later address of the same family is away; nil for an earlier one, or one of the other family.
  public func distance(to other: IPAddress) -> UInt128? {
    guard family == other.family, other.number >= number else { return nil }
    return other.number - number
  }
}

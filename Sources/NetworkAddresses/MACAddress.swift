/// The six-byte hardware address of an Ethernet interface (EUI-48).
///
/// Accepted texts: `0a:58:0a:01:00:07`, `0a-58-0a-01-00-07`, `0a58.0a01.0007`, in either case. It is printed in the
/// first form, in lower case.
public struct MACAddress: Hashable, Sendable, LosslessStringConvertible {
  /// The address in the low 48 bits, the first byte on the wire highest.
  public let rawValue: UInt64

  /// Takes the low 48 bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue & 0xffff_ffff_ffff }

  /// Parses one of the three forms; nil when it is anything else.
  public init?(_ text: String) {
    let bytes = text.utf8.span
    let separator: UInt8
    let digitsPerGroup: Int
    switch bytes.count {
    case 17:
      separator = bytes[2]
      digitsPerGroup = 2
      guard separator == UInt8(ascii: ":") || separator == UInt8(ascii: "-") else { return nil }
    case 14:
      separator = UInt8(ascii: ".")
      digitsPerGroup = 4
    default: return nil
    }
    var value: UInt64 = 0
    for index in bytes.indices {
      if index % (digitsPerGroup + 1) == digitsPerGroup {
        guard bytes[index] == separator else { return nil }
      } else {
        guard let digit = hexadecimalValue(bytes[index]) else { return nil }
        value = value << 4 | UInt64(digit)
      }
    }
    rawValue = value
  }

  /// The address that six bytes stand for; nil for any other number of bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 6 else { return nil }
    var value: UInt64 = 0
    for byte in bytes { value = value << 8 | UInt64(byte) }
    rawValue = value
  }

  /// The six bytes as they are on the wire.
  public var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 6) { buffer, initializedCount in
      for index in 0..<6 { buffer[index] = byte(at: index) }
      initializedCount = 6
    }
  }

  /// Whether no bit is set: what an interface without a hardware address shows.
  public var isZero: Bool { rawValue == 0 }

  /// Whether it is a group of receivers, which no interface may have as its own.
  public var isMulticast: Bool { byte(at: 0) & 1 != 0 }

  /// An address for one interface that nobody assigned (locally administered), made of 48 of the random bits.
  public static func random(using bits: UInt64) -> MACAddress {
    MACAddress(rawValue: bits & ~(1 << 40) | 1 << 41)
  }

  public var description: String {
    var text = ASCIIText()
    for index in 0..<6 {
      if index > 0 { text.append(":") }
      text.append(hexadecimal: byte(at: index))
    }
    return text.string
  }

  private func byte(at index: Int) -> UInt8 { UInt8(truncatingIfNeeded: rawValue >> UInt64(8 * (5 - index))) }
}

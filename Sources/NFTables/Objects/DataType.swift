/// What a part of a key or a value is. The numbers are nft's (`enum datatypes`); the kernel stores them for it.
public struct DataType: Hashable, Sendable {
  /// nft's number.
  let number: UInt32

  /// The size of a value, in bytes.
  let byteCount: Int

  /// `NFTNL_UDATA_SET_KEYBYTEORDER`: 0 for a concatenation, 1 for the machine's, 2 for big endian.
  let byteOrder: UInt32

  /// `ipv4_addr`
  public static let ipv4Address = DataType(number: 7, byteCount: 4, byteOrder: 2)

  /// `ipv6_addr`
  public static let ipv6Address = DataType(number: 8, byteCount: 16, byteOrder: 2)

  /// `ether_addr`
  public static let hardwareAddress = DataType(number: 9, byteCount: 6, byteOrder: 2)

  /// `inet_proto`
  public static let layer4Protocol = DataType(number: 12, byteCount: 1, byteOrder: 2)

  /// `inet_service`
  public static let port = DataType(number: 13, byteCount: 2, byteOrder: 2)

  /// `mark`
  public static let mark = DataType(number: 19, byteCount: 4, byteOrder: 1)

  /// `ifname`
  public static let interfaceName = DataType(number: 41, byteCount: 16, byteOrder: 1)

  static let all: [DataType] = [
    .ipv4Address, .ipv6Address, .hardwareAddress, .layer4Protocol, .port, .mark, .interfaceName,
  ]

  /// The type of a concatenation, whose parts are padded to four bytes each.
  static func concatenation(_ parts: [DataType]) -> DataType {
    if parts.count == 1 { return parts[0] }
    return DataType(
      number: parts.reduce(0) { $0 << 6 | $1.number },
      byteCount: parts.reduce(0) { $0 + ($1.byteCount + 3) & ~3 }, byteOrder: 0)
  }

  /// The parts of a concatenation.
  ///
  /// - Parameter byteCount: The size of all parts. A part of a type not known here is taken to need what the others
  ///   leave.
  static func parts(ofConcatenation number: UInt32, byteCount: Int) -> [DataType] {
    var parts: [DataType] = []
    var unknown: Int?
    var bytesLeft = byteCount
    var rest = number
    repeat {
      if let part = all.first(where: { $0.number == rest & 63 }) {
        parts.insert(part, at: 0)
        bytesLeft -= (part.byteCount + 3) & ~3
      } else {
        parts.insert(DataType(number: rest & 63, byteCount: 0, byteOrder: 0), at: 0)
        unknown = parts.count
      }
      rest >>= 6
    } while rest != 0
    if let unknown {
      let index = parts.count - unknown
      parts[index] = DataType(number: parts[index].number, byteCount: max(bytesLeft, 0), byteOrder: 0)
    }
    return parts
  }
}

public import NetworkAddresses

/// One part of an element's key or value.
public enum ElementPart: Hashable, Sendable, CustomStringConvertible {
  /// `ipv4_addr` or `ipv6_addr`
  case address(IPAddress)

  /// `ether_addr`
  case hardwareAddress(MACAddress)

  /// A number of `/etc/protocols`: 6 for TCP.
  case `protocol`(UInt8)

  /// `inet_service`
  case port(UInt16)

  /// `mark`
  case mark(UInt32)

  /// `ifname`: at most 15 bytes.
  case interfaceName(String)

  /// What is none of the above, or came from the kernel and was not told its type.
  case bytes([UInt8])

  /// The bytes as they lie in a register, without padding.
  var encoded: [UInt8] {
    switch self {
    case .address(let address): address.bytes
    case .hardwareAddress(let address): address.bytes
    case .protocol(let number): [number]
    case .port(let number): [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
    case .mark(let mark): hostBytes(mark)
    case .interfaceName(let name): interfaceNameBytes(name)
    case .bytes(let bytes): bytes
    }
  }

  /// As nft prints it, but for numbers that it has names for.
  public var description: String {
    switch self {
    case .address(let address): address.description
    case .hardwareAddress(let address): address.description
    case .protocol(let number): number.description
    case .port(let number): number.description
    case .mark(let mark): "0x" + String(mark, radix: 16)
    case .interfaceName(let name): "\"\(name)\""
    case .bytes(let bytes): "0x" + hexadecimal(bytes)
    }
  }
}

/// The key of an element, or the data that an element of a map leads to: one part, or a concatenation, in which each
/// part is padded to four bytes.
///
///     ElementKey(.protocol(6), .port(8080))
///
/// Two of them are equal when their bytes are.
public struct ElementKey: Hashable, Sendable, CustomStringConvertible {
  /// The parts; a single ``ElementPart/bytes(_:)`` in what came from the kernel.
  public let parts: [ElementPart]

  public init(_ parts: ElementPart...) { self.parts = parts }

  public init(_ parts: [ElementPart]) { self.parts = parts }

  /// The bytes as they lie in registers.
  public var bytes: [UInt8] {
    if parts.count == 1 { return parts[0].encoded }
    var bytes: [UInt8] = []
    for part in parts {
      bytes.append(contentsOf: part.encoded)
      while bytes.count % 4 != 0 { bytes.append(0) }
    }
    return bytes
  }

  public static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }

  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  /// As nft prints it: `10.1.0.2 . 80`.
  public var description: String { parts.map(\.description).joined(separator: " . ") }

  /// Takes the bytes apart; nil when they have another length than values of these types.
  public func parts(of types: [DataType]) -> [ElementPart]? {
    let bytes = bytes
    guard bytes.count == DataType.concatenation(types).byteCount else { return nil }
    var parts: [ElementPart] = []
    var offset = 0
    for type in types {
      guard let part = type.part(Array(bytes[offset..<(offset + type.byteCount)])) else { return nil }
      parts.append(part)
      offset += (type.byteCount + 3) & ~3
    }
    return parts
  }
}

extension DataType {
  /// The value that these bytes are.
  func part(_ bytes: [UInt8]) -> ElementPart? {
    switch self {
    case .ipv4Address, .ipv6Address: IPAddress(bytes: bytes).map { .address($0) }
    case .hardwareAddress: MACAddress(bytes: bytes).map { .hardwareAddress($0) }
    case .layer4Protocol: .protocol(bytes[0])
    case .port: .port(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
    case .mark: .mark(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
    case .interfaceName: .interfaceName(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
    default: .bytes(bytes)
    }
  }
}

/// An integer as the machine has it.
func hostBytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

/// A short integer as the machine has it.
func hostBytes(_ value: UInt16) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

/// The name of a link as expressions have it: sixteen bytes, with zeros at the end.
func interfaceNameBytes(_ name: String) -> [UInt8] {
  var bytes = Array(name.utf8.prefix(15))
  while bytes.count < 16 { bytes.append(0) }
  return bytes
}

/// Two digits for each byte.
private func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.reduce(into: "") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) }
}

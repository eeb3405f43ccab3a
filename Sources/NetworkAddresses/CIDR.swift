/// An address and the length of its network's prefix: `10.1.0.7/24`.
///
/// The bits of the host are kept; ``network`` clears them. An IPv4-mapped text is the IPv4 address and prefix that it
/// stands for: `::ffff:10.0.0.2/120` is `10.0.0.2/24`.
public struct CIDR: Hashable, Sendable, LosslessStringConvertible {
  /// The address, with the bits of the host.
  public let address: IPAddress

  /// How many leading bits name the network: from 0 to the width of the address.
  public let prefixLength: Int

  /// Joins an address and a prefix length; nil when the length is negative or longer than the address.
  public init?(address: IPAddress, prefixLength: Int) {
    guard (0...address.bitWidth).contains(prefixLength) else { return nil }
    self.init(unchecked: address, prefixLength)
  }

  private init(unchecked address: IPAddress, _ prefixLength: Int) {
    self.address = address
    self.prefixLength = prefixLength
  }

  /// Parses `address/length`; nil when it is anything else. A length with a leading zero is refused.
  public init?(_ text: String) {
    let bytes = text.utf8.span
    guard let slash = bytes.indices.first(where: { bytes[$0] == UInt8(ascii: "/") }) else { return nil }
    guard let address = IPAddress(ascii: bytes.extracting(..<slash)) else { return nil }
    guard let length = decimalValue(bytes.extracting((slash + 1)...)).map({ Int($0) }) else { return nil }

    // An address that was written with colons has a length out of 128.
    let isMapped = address.family == .ipv4 && bytes.indices.contains { bytes[$0] == UInt8(ascii: ":") }
    guard isMapped else {
      self.init(address: address, prefixLength: length)
      return
    }
    guard length <= 128 else { return nil }
    if length >= 96 {
      self.init(unchecked: address, length - 96)
    } else {
      // The prefix is wider than the mapped addresses, so this is an IPv6 network.
      self.init(unchecked: .v6(IPv6Address(rawValue: 0xffff << 32 | address.number)), length)
    }
  }

  public var description: String {
    var text = ASCIIText()
    switch address {
    case .v4(let address): address.append(to: &text)
    case .v6(let address): address.append(to: &text)
    }
    text.append("/")
    text.append(UInt32(prefixLength))
    return text.string
  }

  /// All IPv4 addresses: `0.0.0.0/0`.
  public static let defaultIPv4 = CIDR(unchecked: .v4(IPv4Address(rawValue: 0)), 0)

  /// All IPv6 addresses: `::/0`.
  public static let defaultIPv6 = CIDR(unchecked: .v6(IPv6Address(rawValue: 0)), 0)

  /// The addresses by which a machine reaches itself: `127.0.0.0/8`, `::1/128`. See ``IPAddress/isLoopback``.
  public static func loopback(_ family: AddressFamily) -> CIDR {
    switch family {
    case .ipv4: CIDR(unchecked: .v4(IPv4Address(rawValue: 127 << 24)), 8)
    case .ipv6: CIDR(unchecked: .v6(IPv6Address(rawValue: 1)), 128)
    }
  }

  /// The addresses of groups of receivers: `224.0.0.0/4`, `ff00::/8`. See ``IPAddress/isMulticast``.
  public static func multicast(_ family: AddressFamily) -> CIDR {
    switch family {
    case .ipv4: CIDR(unchecked: .v4(IPv4Address(rawValue: 0xe << 28)), 4)
    case .ipv6: CIDR(unchecked: .v6(IPv6Address(rawValue: 0xff << 120)), 8)
    }
  }

  /// The network of one address: a prefix of all its bits.
  public init(host address: IPAddress) { self.init(unchecked: address, address.bitWidth) }
}

// MARK: The network

extension CIDR {
  /// The network: the same prefix, the bits of the host cleared.
  public var network: CIDR { CIDR(unchecked: firstAddress, prefixLength) }

  /// The first address of the network; for IPv4 it is the network's own.
  public var firstAddress: IPAddress { sameFamily(address.number & ~hostMask) }

  /// The last address of the network; for IPv4 it is the broadcast address.
  public var lastAddress: IPAddress { sameFamily(address.number | hostMask) }

  /// The mask of the network as an address: `255.255.255.0`.
  public var netmask: IPAddress { sameFamily(familyMask & ~hostMask) }

  /// Whether it is all addresses of a family: `0.0.0.0/0`, `::/0`.
  public var isDefault: Bool { prefixLength == 0 && address.isUnspecified }

  /// Whether the network has this address only: `/32`, `/128`.
  public var isHost: Bool { prefixLength == address.bitWidth }

  /// Whether an address of the same family is in the network.
  public func contains(_ other: IPAddress) -> Bool {
    other.family == address.family && (other.number ^ address.number) & ~hostMask & familyMask == 0
  }

  /// Whether two networks of one family have an address in common. Then one of them contains the other.
  public func overlaps(_ other: CIDR) -> Bool {
    prefixLength <= other.prefixLength ? contains(other.address) : other.contains(address)
  }

  private var hostMask: UInt128 {
    let hostBits = address.bitWidth - prefixLength
    return hostBits == 128 ? .max : (1 << UInt128(hostBits)) - 1
  }

  private var familyMask: UInt128 { address.family == .ipv4 ? UInt128(UInt32.max) : .max }

  /// Numbers made of this address and the host mask never leave the family.
  private func sameFamily(_ number: UInt128) -> IPAddress {
    switch address {
    case .v4: .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: number)))
    case .v6: .v6(IPv6Address(rawValue: number))
    }
  }
}

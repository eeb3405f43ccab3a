// How addresses look in messages: families are the socket layer's, addresses are bytes in network order.

internal import CLinux
internal import Netlink
internal import NetworkAddresses

extension AddressFamily {
  /// The `AF_*` constant.
  var number: UInt8 { UInt8(self == .ipv4 ? AF_INET : AF_INET6) }

  /// The family of an `AF_*` constant; nil for any other than these two.
  init?(number: UInt8) {
    switch CInt(number) {
    case AF_INET: self = .ipv4
    case AF_INET6: self = .ipv6
    default: return nil
    }
  }
}

extension MessageBuilder {
  /// Appends an attribute that holds an internet address.
  mutating func append(_ type: Int, _ address: IPAddress) {
    switch address {
    case .v4(let address): append(type, address.rawValue.bigEndian)
    case .v6(let address): append(type, address.rawValue.bigEndian)
    }
  }

  /// Appends an attribute that holds a hardware address.
  mutating func append(_ type: Int, _ address: MACAddress) { append(type, bytes: address.bytes) }
}

extension Attribute {
  /// The payload as an internet address.
  var address: IPAddress {
    get throws(MalformedMessage) {
      switch payload.byteCount {
      case 4: .v4(IPv4Address(rawValue: UInt32(bigEndian: try payload.load(UInt32.self))))
      case 16: .v6(IPv6Address(rawValue: UInt128(bigEndian: try payload.load(UInt128.self))))
      default: throw MalformedMessage("internet address of \(payload.byteCount) bytes")
      }
    }
  }

  /// The payload as an Ethernet address; nil for that of another kind of hardware (a tunnel's is its local end).
  var hardwareAddress: MACAddress? { MACAddress(bytes: bytes) }
}

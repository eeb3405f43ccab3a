public import NetworkAddresses

/// What can be compared or looked up: a part of the packet, or what the kernel knows of it. It is what nft has on the
/// left: `ip saddr`, `meta mark`.
public struct Field: Equatable, Sendable {
  /// What loads it into the first register.
  let load: Expression

  /// The size of the value, in bytes.
  let byteCount: Int

  /// What is computed with it after it was loaded: nil for nothing.
  var mask: [UInt8]?

  private init(_ load: Expression, _ byteCount: Int, mask: [UInt8]? = nil) {
    self.load = load
    self.byteCount = byteCount
    self.mask = mask
  }

  /// The value with all but these bits cleared.
  public func masked(_ mask: [UInt8]) -> Field { Field(load, byteCount, mask: mask) }

  // MARK: Packets

  private static func payload(_ base: Payload.Base, _ offset: UInt32, _ length: UInt32) -> Field {
    Field(.payload(Payload(base, offset: offset, length: length)), Int(length))
  }

  /// `ip saddr` or `ip6 saddr`. In the family inet it needs ``Statement/ipv4`` or ``Statement/ipv6`` before it.
  public static func sourceAddress(_ family: AddressFamily) -> Field {
    family == .ipv4 ? payload(.networkHeader, 12, 4) : payload(.networkHeader, 8, 16)
  }

  /// `ip daddr` or `ip6 daddr`. In the family inet it needs ``Statement/ipv4`` or ``Statement/ipv6`` before it.
  public static func destinationAddress(_ family: AddressFamily) -> Field {
    family == .ipv4 ? payload(.networkHeader, 16, 4) : payload(.networkHeader, 24, 16)
  }

  /// `ip protocol`: for rules that iptables is to read, and in no other than the family ip; elsewhere it is
  /// ``layer4Protocol``.
  public static let internetProtocol = payload(.networkHeader, 9, 1)

  /// `th sport`: the source port of TCP, UDP and SCTP alike. It needs a match of the protocol in the same rule.
  public static let sourcePort = payload(.transportHeader, 0, 2)

  /// `th dport`: the destination port of TCP, UDP and SCTP alike. It needs a match of the protocol in the same rule.
  public static let destinationPort = payload(.transportHeader, 2, 2)

  /// `ether saddr`. In the families that see other links than Ethernet too, as inet, it needs ``Statement/ethernet``
  /// before it.
  public static let sourceHardwareAddress = payload(.linkHeader, 6, 6)

  /// The first bits of an address, the others being zero: `ip saddr & 255.255.255.0`.
  public func network(prefixLength: Int) -> Field {
    masked(
      (0..<byteCount).map { index in
        let bits = min(max(prefixLength - 8 * index, 0), 8)
        return UInt8(truncatingIfNeeded: 0xff00 >> bits)
      })
  }

  /// The first bits alone; nil unless they are whole bytes of a packet.
  func prefix(bitCount: Int) -> Field? {
    guard bitCount > 0, bitCount % 8 == 0, case .payload(var payload) = load else { return nil }
    payload.length = UInt32(bitCount / 8)
    return Field(.payload(payload), bitCount / 8)
  }

  // MARK: What the kernel knows

  private static func meta(_ key: MetaKey, _ length: Int) -> Field { Field(.meta(Meta(key)), length) }

  /// `meta l4proto`
  public static let layer4Protocol = meta(.layer4Protocol, 1)

  /// `meta nfproto`
  public static let family = meta(.family, 1)

  /// `meta mark`
  public static let mark = meta(.mark, 4)

  /// `meta iiftype`
  static let inputInterfaceType = meta(.inputInterfaceType, 2)

  /// `iifname`
  public static let inputInterfaceName = meta(.inputInterfaceName, 16)

  /// `oifname`
  public static let outputInterfaceName = meta(.outputInterfaceName, 16)

  /// `fib daddr type`
  public static let destinationAddressType = Field(
    .forwarding(ForwardingInformation(.addressType, .destinationAddress)), 4)

  /// `ct state`
  public static let connectionState = Field(.conntrack(ConnectionTracking(.state)), 4)

  /// `ct mark`
  public static let connectionMark = Field(.conntrack(ConnectionTracking(.mark)), 4)

  /// `ct status`
  public static let connectionStatus = Field(.conntrack(ConnectionTracking(.status)), 4)
}

extension Field {
  /// Loads it into a register, and computes there.
  func expressions(into register: Register) -> [Expression] {
    var load = load
    switch load {
    case .payload(var value):
      value.register = register
      load = .payload(value)
    case .meta(var value):
      value.register = register
      load = .meta(value)
    case .conntrack(var value):
      value.register = register
      load = .conntrack(value)
    case .forwarding(var value):
      value.register = register
      load = .forwarding(value)
    default: break
    }
    if let mask { return [load, .bitwise(Bitwise(mask: mask, register: register))] }
    return [load]
  }

  /// Loads several, one behind the other: a concatenation.
  static func expressions(_ fields: [Field]) -> [Expression] {
    var expressions: [Expression] = []
    var register = Register.first
    for field in fields {
      expressions.append(contentsOf: field.expressions(into: register))
      register = register.after(byteCount: field.byteCount)
    }
    return expressions
  }
}

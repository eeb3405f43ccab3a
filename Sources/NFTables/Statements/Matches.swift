// Statements that say for which packets a rule is.

internal import CLinux
public import NetworkAddresses

extension Statement {
  /// `meta nfproto ipv4`: in the family inet, what rules about IPv4 begin with. nft does not print it where it follows
  /// from what comes behind.
  public static let ipv4 = equal(.family, [TableFamily.ip.rawValue])

  /// `meta nfproto ipv6`: in the family inet, what rules about IPv6 begin with.
  public static let ipv6 = equal(.family, [TableFamily.ip6.rawValue])

  /// ``ipv4`` or ``ipv6``.
  public static func family(_ family: AddressFamily) -> Statement { family == .ipv4 ? ipv4 : ipv6 }

  /// `meta iiftype ether`: what rules about hardware addresses begin with, other than in a bridge. nft does not print
  /// it where it follows from what comes behind.
  public static let ethernet = equal(.inputInterfaceType, hostBytes(UInt16(ARPHRD_ETHER)))

  /// `FIELD . FIELD @SET`: the value, or the concatenation of several, is in a set.
  public static func match(_ fields: Field..., in set: String) -> Statement {
    Statement(Field.expressions(fields) + [.lookup(Lookup(set))])
  }

  /// `FIELD . FIELD != @SET`: the value, or the concatenation of several, is not in a set.
  public static func match(_ fields: Field..., notIn set: String) -> Statement {
    Statement(Field.expressions(fields) + [.lookup(Lookup(set, isInverted: true))])
  }

  /// `FIELD . FIELD vmap @MAP`: does what a verdict map says; goes on where it says nothing.
  public static func verdict(_ fields: Field..., map: String) -> Statement {
    Statement(Field.expressions(fields) + [.lookup(Lookup(map, result: .verdict))])
  }

  /// `FIELD == VALUE`: the value has these bytes.
  static func equal(_ field: Field, _ value: [UInt8], _ operator: Compare.Operator = .equal) -> Statement {
    Statement(field.expressions(into: .first) + [.compare(Compare(`operator`, value))])
  }

  /// `FIELD == VALUE`
  public static func match(_ field: Field, equals value: ElementPart) -> Statement { equal(field, value.encoded) }

  /// `FIELD != VALUE`
  public static func match(_ field: Field, differsFrom value: ElementPart) -> Statement {
    equal(field, value.encoded, .notEqual)
  }

  /// `ip saddr 10.1.0.0/16`: an address field is in a network.
  public static func match(_ field: Field, in network: CIDR) -> Statement { match(field, network, .equal) }

  /// `ip saddr != 10.1.0.0/16`: an address field is not in a network.
  public static func match(_ field: Field, notIn network: CIDR) -> Statement { match(field, network, .notEqual) }

  private static func match(_ field: Field, _ network: CIDR, _ operator: Compare.Operator) -> Statement {
    let value = network.firstAddress.bytes
    // Whole bytes are loaded alone, as nft does it: that takes no mask.
    if let prefix = field.prefix(bitCount: network.prefixLength) {
      return equal(prefix, Array(value[..<prefix.byteCount]), `operator`)
    }
    return equal(field.network(prefixLength: network.prefixLength), value, `operator`)
  }

  /// `meta mark & MASK == VALUE`
  public static func mark(_ value: UInt32, mask: UInt32) -> Statement {
    equal(.mark.masked(hostBytes(mask)), hostBytes(value))
  }

  /// `meta mark & BITS == BITS`: all of the bits are set. iptables prints it as `-m mark --mark BITS/BITS`.
  public static func mark(has bits: UInt32) -> Statement { mark(bits, mask: bits) }

  /// `ct state established,related`: one of the states.
  public static func connection(state: ConntrackState) -> Statement {
    equal(.connectionState.masked(hostBytes(state.rawValue)), hostBytes(UInt32(0)), .notEqual)
  }

  /// `ct status dnat`: one of the bits.
  public static func connection(status: ConntrackStatus) -> Statement {
    equal(.connectionStatus.masked(hostBytes(status.rawValue)), hostBytes(UInt32(0)), .notEqual)
  }

  /// `fib daddr type local`: the destination is an address of this machine.
  public static let toLocalAddress = equal(.destinationAddressType, hostBytes(UInt32(RTN_LOCAL)))
}

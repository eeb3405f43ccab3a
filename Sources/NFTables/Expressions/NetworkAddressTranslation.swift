internal import CLinux
internal import Netlink
public import NetworkAddresses

/// Gives a connection another address: `nat` of <linux/netfilter/nf_tables.h>.
public struct NetworkAddressTranslation: Equatable, Sendable {
  /// `enum nft_nat_types`
  public enum Kind: UInt32, Sendable {
    case source = 0
    case destination = 1
  }

  /// Which end of the connection is translated.
  public var kind: Kind

  /// The family of the packets that are translated; others go on.
  public var family: AddressFamily

  /// Where the new address is; nil to keep it.
  public var address: Register?

  /// Where the new port is; nil to keep it.
  public var port: Register?

  /// How ports are chosen.
  public var flags: TranslationFlags

  public init(
    _ kind: Kind, _ family: AddressFamily, address: Register? = .first, port: Register? = nil,
    flags: TranslationFlags = []
  ) {
    self.kind = kind
    self.family = family
    self.address = address
    self.port = port
    self.flags = flags
  }

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_NAT_TYPE, kind.rawValue)
    message.append(NFTA_NAT_FAMILY, UInt32(family.tableFamily.rawValue))
    if let address { message.append(NFTA_NAT_REG_ADDR_MIN, address) }
    if let port { message.append(NFTA_NAT_REG_PROTO_MIN, port) }
    if !flags.isEmpty { message.append(NFTA_NAT_FLAGS, flags.rawValue) }
  }

  /// Reads the attributes; nil for a range of addresses or ports.
  init?(_ data: borrowing Attribute) throws(MalformedMessage) {
    var kind: Kind?
    var family: AddressFamily?
    var registers: (Register?, Register?, Register?, Register?) = (nil, nil, nil, nil)
    var flags: UInt32 = 0
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_NAT_TYPE: kind = Kind(rawValue: try attribute.unsigned)
      case NFTA_NAT_FAMILY: family = AddressFamily(tableFamily: try attribute.unsigned)
      case NFTA_NAT_REG_ADDR_MIN: registers.0 = try attribute.register
      case NFTA_NAT_REG_ADDR_MAX: registers.1 = try attribute.register
      case NFTA_NAT_REG_PROTO_MIN: registers.2 = try attribute.register
      case NFTA_NAT_REG_PROTO_MAX: registers.3 = try attribute.register
      case NFTA_NAT_FLAGS: flags = try attribute.unsigned
      default: break
      }
    }
    guard let kind, let family else { return nil }
    if let last = registers.1, last != registers.0 { return nil }
    if let last = registers.3, last != registers.2 { return nil }
    // The kernel adds to the flags what follows from the registers.
    let implied = UInt32(NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED)
    self.init(
      kind, family, address: registers.0, port: registers.2, flags: TranslationFlags(rawValue: flags & ~implied))
  }
}

/// How new addresses and ports are chosen: the `NF_NAT_RANGE_*` constants of <linux/netfilter/nf_nat.h>.
public struct TranslationFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(_ constant: Int32) { rawValue = UInt32(bitPattern: constant) }

  /// `random`: the port does not follow from the old one.
  public static let random = TranslationFlags(NF_NAT_RANGE_PROTO_RANDOM)

  /// `fully-random`: nobody can guess the port.
  public static let fullyRandom = TranslationFlags(NF_NAT_RANGE_PROTO_RANDOM_FULLY)

  /// `persistent`: a client gets the same address each time.
  public static let persistent = TranslationFlags(NF_NAT_RANGE_PERSISTENT)
}

extension AddressFamily {
  /// The family of a table for it alone.
  var tableFamily: TableFamily { self == .ipv4 ? .ip : .ip6 }

  /// The family of an `NFPROTO_*` constant; nil for any other than these two.
  init?(tableFamily: UInt32) {
    switch tableFamily {
    case UInt32(TableFamily.ip.rawValue): self = .ipv4
    case UInt32(TableFamily.ip6.rawValue): self = .ipv6
    default: return nil
    }
  }
}

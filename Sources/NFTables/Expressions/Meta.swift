internal import CLinux
internal import Netlink

/// Loads or sets what the kernel knows of the packet besides its bytes: `meta` of <linux/netfilter/nf_tables.h>.
public struct Meta: Equatable, Sendable {
  /// What is loaded or set.
  public var key: MetaKey

  /// Where the value goes, or comes from.
  public var register: Register

  /// Whether it takes the value from the register, instead of putting it there.
  public var isSetting: Bool

  public init(_ key: MetaKey, register: Register = .first, isSetting: Bool = false) {
    self.key = key
    self.register = register
    self.isSetting = isSetting
  }

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_META_KEY, key.rawValue)
    message.append(isSetting ? NFTA_META_SREG : NFTA_META_DREG, register)
  }

  /// Reads the attributes; nil where there is no register.
  init?(_ data: borrowing Attribute) throws(MalformedMessage) {
    var key: UInt32?
    var source: Register?
    var destination: Register?
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_META_KEY: key = try attribute.unsigned
      case NFTA_META_SREG: source = try attribute.register
      case NFTA_META_DREG: destination = try attribute.register
      default: break
      }
    }
    guard let key, let register = source ?? destination else { return nil }
    self.init(MetaKey(rawValue: key), register: register, isSetting: source != nil)
  }
}

/// What `meta` loads or sets: `enum nft_meta_keys`.
public struct MetaKey: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(_ constant: nft_meta_keys) { rawValue = constant.rawValue }

  /// The EtherType, two bytes, big endian. The corresponding C constant is `NFT_META_PROTOCOL`.
  public static let etherType = MetaKey(NFT_META_PROTOCOL)

  /// The packet's mark, four bytes in the machine's byte order. The corresponding C constant is `NFT_META_MARK`.
  public static let mark = MetaKey(NFT_META_MARK)

  /// The index of the link that the packet came in by. The corresponding C constant is `NFT_META_IIF`.
  public static let inputInterface = MetaKey(NFT_META_IIF)

  /// The index of the link that the packet leaves by. The corresponding C constant is `NFT_META_OIF`.
  public static let outputInterface = MetaKey(NFT_META_OIF)

  /// The name of the link that the packet came in by, sixteen bytes. The corresponding C constant is
  /// `NFT_META_IIFNAME`.
  public static let inputInterfaceName = MetaKey(NFT_META_IIFNAME)

  /// The name of the link that the packet leaves by, sixteen bytes. The corresponding C constant is
  /// `NFT_META_OIFNAME`.
  public static let outputInterfaceName = MetaKey(NFT_META_OIFNAME)

  /// The hardware type of the link that the packet came in by, two bytes in the machine's byte order: 1 for Ethernet.
  /// The corresponding C constant is `NFT_META_IIFTYPE`.
  public static let inputInterfaceType = MetaKey(NFT_META_IFTYPE)

  /// The family of the packet, one byte: 2 for IPv4, 10 for IPv6. The corresponding C constant is `NFT_META_NFPROTO`.
  public static let family = MetaKey(NFT_META_NFPROTO)

  /// The protocol above IP, one byte: 6 for TCP. The corresponding C constant is `NFT_META_L4PROTO`.
  public static let layer4Protocol = MetaKey(NFT_META_L4PROTO)
}

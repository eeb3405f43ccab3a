internal import CLinux
internal import Netlink

/// Loads or sets what is known of the packet's connection: `ct` of <linux/netfilter/nf_tables.h>.
public struct ConnectionTracking: Equatable, Sendable {
  /// What is loaded or set.
  public var key: ConntrackKey

  /// Where the value goes, or comes from.
  public var register: Register

  /// Whether it takes the value from the register, instead of putting it there.
  public var isSetting: Bool

  public init(_ key: ConntrackKey, register: Register = .first, isSetting: Bool = false) {
    self.key = key
    self.register = register
    self.isSetting = isSetting
  }

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_CT_KEY, key.rawValue)
    message.append(isSetting ? NFTA_CT_SREG : NFTA_CT_DREG, register)
  }

  /// Reads the attributes; nil for what belongs to one direction of the connection.
  init?(_ data: borrowing Attribute) throws(MalformedMessage) {
    var key: UInt32?
    var source: Register?
    var destination: Register?
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_CT_KEY: key = try attribute.unsigned
      case NFTA_CT_SREG: source = try attribute.register
      case NFTA_CT_DREG: destination = try attribute.register
      case NFTA_CT_DIRECTION: return nil
      default: break
      }
    }
    guard let key, let register = source ?? destination else { return nil }
    self.init(ConntrackKey(rawValue: key), register: register, isSetting: source != nil)
  }
}

/// What `ct` loads or sets: `enum nft_ct_keys`. All of these are four bytes in the machine's byte order.
public struct ConntrackKey: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(_ constant: nft_ct_keys) { rawValue = constant.rawValue }

  /// A bit of ``ConntrackState``. The corresponding C constant is `NFT_CT_STATE`.
  public static let state = ConntrackKey(NFT_CT_STATE)

  /// Bits of ``ConntrackStatus``. The corresponding C constant is `NFT_CT_STATUS`.
  public static let status = ConntrackKey(NFT_CT_STATUS)

  /// The connection's mark. The corresponding C constant is `NFT_CT_MARK`.
  public static let mark = ConntrackKey(NFT_CT_MARK)
}

/// How a packet belongs to a connection: `NF_CT_STATE_BIT` and its companions of
/// <linux/netfilter/nf_conntrack_common.h>, which are macros with arguments.
public struct ConntrackState: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `NF_CT_STATE_INVALID_BIT`
  public static let invalid = ConntrackState(rawValue: 1)

  /// `NF_CT_STATE_BIT(IP_CT_ESTABLISHED)`
  public static let established = ConntrackState(rawValue: 1 << 1)

  /// `NF_CT_STATE_BIT(IP_CT_RELATED)`
  public static let related = ConntrackState(rawValue: 1 << 2)

  /// `NF_CT_STATE_BIT(IP_CT_NEW)`
  public static let new = ConntrackState(rawValue: 1 << 3)

  /// `NF_CT_STATE_UNTRACKED_BIT`
  public static let untracked = ConntrackState(rawValue: 1 << 6)
}

/// What became of a connection: `enum ip_conntrack_status` of <linux/netfilter/nf_conntrack_common.h>.
public struct ConntrackStatus: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(_ constant: ip_conntrack_status) { rawValue = constant.rawValue }

  /// Its source was translated. The corresponding C constant is `IPS_SRC_NAT`.
  public static let sourceTranslated = ConntrackStatus(IPS_SRC_NAT)

  /// Its destination was translated. The corresponding C constant is `IPS_DST_NAT`.
  public static let destinationTranslated = ConntrackStatus(IPS_DST_NAT)
}

internal import CLinux
internal import Netlink

/// Gives a connection the address of the link that it leaves by: `masq` of <linux/netfilter/nf_tables.h>.
public struct Masquerade: Equatable, Sendable {
  /// How ports are chosen.
  public var flags: TranslationFlags

  public init(flags: TranslationFlags = []) { self.flags = flags }

  func append(to message: inout MessageBuilder) {
    if !flags.isEmpty { message.append(NFTA_MASQ_FLAGS, flags.rawValue) }
  }

  /// Reads the attributes; nil for one that chooses ports.
  init?(_ data: borrowing Attribute) throws(MalformedMessage) {
    var flags: UInt32 = 0
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_MASQ_FLAGS: flags = try attribute.unsigned
      case NFTA_MASQ_REG_PROTO_MIN, NFTA_MASQ_REG_PROTO_MAX: return nil
      default: break
      }
    }
    self.init(flags: TranslationFlags(rawValue: flags))
  }
}

internal import CLinux
internal import Netlink

/// Drops a packet and tells its sender: `reject` of <linux/netfilter/nf_tables.h>.
public struct Reject: Equatable, Sendable {
  /// `enum nft_reject_types`
  public var type: UInt32

  /// A code of ICMP, ICMPv6, or of `enum nft_reject_inet_code`.
  public var code: UInt8

  public init(type: UInt32, code: UInt8) {
    self.type = type
    self.code = code
  }

  /// `reject` in the family inet: port unreachable, in the protocol of the packet.
  public static let portUnreachable = Reject(
    type: NFT_REJECT_ICMPX_UNREACH.rawValue, code: UInt8(truncatingIfNeeded: NFT_REJECT_ICMPX_PORT_UNREACH.rawValue))

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_REJECT_TYPE, type)
    message.append(NFTA_REJECT_ICMP_CODE, byte: code)
  }

  init(_ data: borrowing Attribute) throws(MalformedMessage) {
    self.init(type: 0, code: 0)
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_REJECT_TYPE: type = try attribute.unsigned
      case NFTA_REJECT_ICMP_CODE: code = try attribute.integer()
      default: break
      }
    }
  }
}

internal import CLinux
internal import Netlink

/// A match or a target of iptables, which the kernel runs for nf_tables too (nft_compat): see
/// <linux/netfilter/nf_tables_compat.h>.
public struct Extension: Equatable, Sendable {
  /// The name: `comment`, `MASQUERADE`.
  public var name: String

  /// Which of several structures of that name it is.
  public var revision: UInt32

  /// The extension's own structure, in the machine's byte order.
  public var information: [UInt8]

  public init(_ name: String, revision: UInt32 = 0, information: [UInt8]) {
    self.name = name
    self.revision = revision
    self.information = information
  }

  // The attributes of a target have the same numbers (`NFTA_TARGET_NAME` and so on).

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_MATCH_NAME, text: name)
    message.append(NFTA_MATCH_REV, revision)
    message.append(NFTA_MATCH_INFO, bytes: information)
  }

  init(_ data: borrowing Attribute) throws(MalformedMessage) {
    self.init("", information: [])
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_MATCH_NAME: name = attribute.text
      case NFTA_MATCH_REV: revision = try attribute.unsigned
      case NFTA_MATCH_INFO: information = attribute.bytes
      default: break
      }
    }
  }
}

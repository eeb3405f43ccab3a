internal import Netlink

/// A match or a target of iptables, which the kernel runs for nf_tables too (nft_compat): see
/// <linux/netfilter/nf_tables_compat.h>.
public struct Extension: Equatable, Sendable {
  /// The name: `comment`, `MASQUERADE`.
  public var name: String

  public var revision: UInt32

  /// The extension's own structure, in the machine's byte order.
  public var information: [UInt8]

  public init(_ name: String, revision: UInt32 = 0, information: [UInt8]) {
    self.name = name
    self.revision = revision
    self.information = information
  }

  // `enum nft_match_attributes` and `enum nft_target_attributes` have the same numbers.
  private static let nameAttribute = 1
  private static let revisionAttribute = 2
  private static let informationAttribute = 3

  func append(to message: inout MessageBuilder) {
    message.append(Self.nameAttribute, text: name)
    message.append(Self.revisionAttribute, revision.bigEndian)
    message.append(Self.informationAttribute, bytes: information)
  }

  init(_ data: borrowing Attribute) throws(MalformedMessage) {
    self.init("", information: [])
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case Self.nameAttribute: name = attribute.text
      case Self.revisionAttribute: revision = try attribute.unsigned
      case Self.informationAttribute: information = attribute.bytes
      default: break
      }
    }
  }
}

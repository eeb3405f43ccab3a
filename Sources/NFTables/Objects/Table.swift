internal import CLinux
package import Netlink

/// A table: what all other objects are in.
public struct Table: Hashable, Sendable {
  /// Its family and name.
  public var reference: TableReference

  /// What nft prints as `comment`.
  public var comment: String?

  public init(_ reference: TableReference, comment: String? = nil) {
    self.reference = reference
    self.comment = comment
  }
}

extension Table {
  func append(to message: inout MessageBuilder) {
    message.append(NFTA_TABLE_NAME, text: reference.name)
    message.append(NFTA_TABLE_FLAGS, UInt32(0))
    message.append(NFTA_TABLE_USERDATA, comment: comment)
  }

  /// Reads a message of the type `NFT_MSG_NEWTABLE`.
  package init(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(nfgenmsg.self)
    var name: String?
    var comment: String?
    var attributes = try message.attributes(after: nfgenmsg.self)
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_TABLE_NAME: name = attribute.text
      case NFTA_TABLE_USERDATA: comment = attribute.comment
      default: break
      }
    }
    guard let name else { throw MalformedMessage("table without a name") }
    self.init(
      TableReference(family: TableFamily(rawValue: header.nfgen_family), name: name), comment: comment)
  }
}

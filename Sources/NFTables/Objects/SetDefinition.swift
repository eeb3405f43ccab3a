internal import CLinux
package import Netlink

/// A set, or a map: a set whose elements have a value each.
///
/// Of elements with whole keys the kernel makes a hash table; intervals make it a tree, or for concatenations a
/// structure that is slow to change.
public struct SetDefinition: Hashable, Sendable {
  /// Its table and name.
  public var reference: SetReference

  /// The parts of a key: more than one make a concatenation.
  public var key: [DataType]

  /// What a map's elements lead to; nil for a set.
  public var value: Value?

  /// Whether elements may be intervals.
  public var hasIntervals: Bool

  /// Whether elements may have an end of their own.
  public var hasTimeouts: Bool

  /// After how many milliseconds elements are gone that say nothing themselves; nil for never.
  public var timeout: UInt64?

  /// How many elements there may be at most; nil for no limit.
  public var maximumCount: UInt32?

  /// What nft prints as `comment`.
  public var comment: String?

  public init(
    _ reference: SetReference, key: [DataType], value: Value? = nil, hasIntervals: Bool = false,
    hasTimeouts: Bool = false, timeout: UInt64? = nil, maximumCount: UInt32? = nil, comment: String? = nil
  ) {
    self.reference = reference
    self.key = key
    self.value = value
    self.hasIntervals = hasIntervals
    self.hasTimeouts = hasTimeouts || timeout != nil
    self.timeout = timeout
    self.maximumCount = maximumCount
    self.comment = comment
  }

  /// What a map's elements lead to.
  public enum Value: Hashable, Sendable {
    /// Data; more than one part make a concatenation.
    case data([DataType])

    /// What becomes of the packet.
    case verdict
  }
}

extension SetDefinition {
  private var flags: UInt32 {
    var flags: UInt32 = 0
    if value != nil { flags |= NFT_SET_MAP.rawValue }
    if hasIntervals { flags |= NFT_SET_INTERVAL.rawValue }
    if hasIntervals && key.count > 1 { flags |= NFT_SET_CONCAT.rawValue }
    if hasTimeouts { flags |= NFT_SET_TIMEOUT.rawValue }
    return flags
  }

  /// - Parameter id: A number that no other set of the batch has.
  func append(to message: inout MessageBuilder, id: UInt32) {
    let keyType = DataType.concatenation(key)
    message.append(NFTA_SET_TABLE, text: reference.table.name)
    message.append(NFTA_SET_NAME, text: reference.name)
    message.append(NFTA_SET_FLAGS, flags)
    message.append(NFTA_SET_KEY_TYPE, keyType.number)
    message.append(NFTA_SET_KEY_LEN, UInt32(keyType.byteCount))
    // nft prints integers in the byte order that it is told here.
    var userData = UserData()
    userData.append(UserDataType.keyByteOrder, keyType.byteOrder)
    switch value {
    case .data(let parts):
      let dataType = DataType.concatenation(parts)
      message.append(NFTA_SET_DATA_TYPE, dataType.number)
      message.append(NFTA_SET_DATA_LEN, UInt32(dataType.byteCount))
      userData.append(UserDataType.dataByteOrder, dataType.byteOrder)
    case .verdict: message.append(NFTA_SET_DATA_TYPE, UInt32(NFT_DATA_VERDICT.rawValue))
    case nil: break
    }
    message.append(NFTA_SET_ID, id)
    appendDescription(to: &message)
    if let timeout { message.append(NFTA_SET_TIMEOUT, timeout) }
    if let comment { userData.append(UserDataType.setComment, text: comment) }
    message.append(NFTA_SET_USERDATA, bytes: userData.bytes)
  }

  private func appendDescription(to message: inout MessageBuilder) {
    let hasFields = hasIntervals && key.count > 1
    if maximumCount == nil && !hasFields { return }
    message.nest(NFTA_SET_DESC) { message in
      if let maximumCount { message.append(NFTA_SET_DESC_SIZE, maximumCount) }
      // Where one part of an interval's ends ends and the next begins.
      if hasFields {
        message.nest(NFTA_SET_DESC_CONCAT) { message in
          for part in key {
            message.nest(NFTA_LIST_ELEM) { $0.append(NFTA_SET_FIELD_LEN, UInt32(part.byteCount)) }
          }
        }
      }
    }
  }

  /// Reads a message of the type `NFT_MSG_NEWSET`.
  package init(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(nfgenmsg.self)
    var table: String?
    var name: String?
    var flags: UInt32 = 0
    var keyType: UInt32 = 0
    var keyLength: UInt32 = 0
    var dataType: UInt32 = 0
    var dataLength: UInt32 = 0
    var timeout: UInt64?
    var size: UInt32?
    var comment: String?
    var attributes = try message.attributes(after: nfgenmsg.self)
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_SET_TABLE: table = attribute.text
      case NFTA_SET_NAME: name = attribute.text
      case NFTA_SET_FLAGS: flags = try attribute.unsigned
      case NFTA_SET_KEY_TYPE: keyType = try attribute.unsigned
      case NFTA_SET_KEY_LEN: keyLength = try attribute.unsigned
      case NFTA_SET_DATA_LEN: dataLength = try attribute.unsigned
      case NFTA_SET_DATA_TYPE: dataType = try attribute.unsigned
      case NFTA_SET_TIMEOUT: timeout = try attribute.unsigned64
      case NFTA_SET_DESC: size = try Self.size(attribute)
      case NFTA_SET_USERDATA: comment = UserData.text(UserDataType.setComment, in: attribute.bytes)
      default: break
      }
    }
    guard let table, let name else { throw MalformedMessage("set without a name") }
    var value: Value?
    if flags & NFT_SET_MAP.rawValue != 0 {
      value =
        dataType == UInt32(NFT_DATA_VERDICT.rawValue)
        ? .verdict : .data(DataType.parts(ofConcatenation: dataType, byteCount: Int(dataLength)))
    }
    let family = TableFamily(rawValue: header.nfgen_family)
    self.init(
      SetReference(TableReference(family: family, name: table), name),
      key: DataType.parts(ofConcatenation: keyType, byteCount: Int(keyLength)), value: value,
      hasIntervals: flags & NFT_SET_INTERVAL.rawValue != 0, hasTimeouts: flags & NFT_SET_TIMEOUT.rawValue != 0,
      timeout: timeout, maximumCount: size, comment: comment)
  }

  private static func size(_ attribute: borrowing Attribute) throws(MalformedMessage) -> UInt32? {
    var attributes = attribute.nested
    while let attribute = try attributes.next() {
      if case NFTA_SET_DESC_SIZE = attribute.type { return try attribute.unsigned }
    }
    return nil
  }
}

// What nft keeps for itself in an object's userdata, which the kernel stores and never reads: records of a type, a
// length and so many bytes. The types are those of libnftnl's <libnftnl/udata.h>.

internal import CLinux
internal import Netlink

/// The records of libnftnl that are used here. The types of a comment differ by kind of object.
enum UserDataType {
  /// `NFTNL_UDATA_TABLE_COMMENT`, `NFTNL_UDATA_CHAIN_COMMENT`, `NFTNL_UDATA_RULE_COMMENT`,
  /// `NFTNL_UDATA_SET_ELEM_COMMENT`.
  static let comment: UInt8 = 0

  /// `NFTNL_UDATA_SET_KEYBYTEORDER`
  static let keyByteOrder: UInt8 = 0

  /// `NFTNL_UDATA_SET_DATABYTEORDER`
  static let dataByteOrder: UInt8 = 1

  /// `NFTNL_UDATA_SET_ELEM_FLAGS`
  static let elementFlags: UInt8 = 1

  /// `NFTNL_UDATA_SET_COMMENT`
  static let setComment: UInt8 = 7
}

/// Userdata that is being written.
struct UserData {
  private(set) var bytes: [UInt8] = []

  /// Appends a text with a NUL after it, cut to what fits.
  mutating func append(_ type: UInt8, text: String) {
    let text = text.utf8.prefix(Self.maximumTextLength)
    bytes.append(type)
    bytes.append(UInt8(text.count + 1))
    bytes.append(contentsOf: text)
    bytes.append(0)
  }

  /// Appends a comment that is not that of a set; nothing for nil.
  mutating func append(comment: String?) {
    if let comment { append(UserDataType.comment, text: comment) }
  }

  /// Appends an integer in the machine's byte order.
  mutating func append(_ type: UInt8, _ value: UInt32) {
    bytes.append(type)
    bytes.append(4)
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  /// `NFTNL_UDATA_COMMENT_MAXLEN`: nft refuses longer ones, and prints them all the same.
  static let maximumTextLength = 128

  /// The text of a record; nil where there is none of that type.
  static func text(_ type: UInt8, in bytes: [UInt8]) -> String? {
    var offset = 0
    while offset + 2 <= bytes.count {
      let end = offset + 2 + Int(bytes[offset + 1])
      if end > bytes.count { return nil }
      if bytes[offset] == type {
        return String(decoding: bytes[(offset + 2)..<end].prefix { $0 != 0 }, as: UTF8.self)
      }
      offset = end
    }
    return nil
  }
}

extension MessageBuilder {
  /// Appends userdata; nothing where there are no records.
  mutating func append(_ type: some Constant, _ userData: UserData) {
    if !userData.bytes.isEmpty { append(type, bytes: userData.bytes) }
  }

  /// Appends a comment as the userdata of an object other than a set; nothing for nil.
  mutating func append(_ type: some Constant, comment: String?) {
    var userData = UserData()
    userData.append(comment: comment)
    append(type, userData)
  }
}

extension Attribute {
  /// The comment in the userdata of an object other than a set.
  var comment: String? { UserData.text(UserDataType.comment, in: bytes) }
}

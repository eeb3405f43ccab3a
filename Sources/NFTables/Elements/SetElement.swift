internal import CLinux
package import Netlink

/// An element of a set or a map.
public struct SetElement: Hashable, Sendable {
  public var key: ElementKey

  /// The last key of an interval; nil for a single key.
  public var lastKey: ElementKey?

  /// What it leads to, in a map.
  public var value: ElementValue?

  /// What nft prints as `comment`. At most 128 bytes.
  public var comment: String?

  /// After how many milliseconds it is gone; nil for the set's own timeout.
  public var timeout: UInt64?

  /// How many milliseconds are left. It is set in elements that come from the kernel.
  public internal(set) var expiration: UInt64?

  /// Whether it is the end of an interval before it, and no element of its own.
  var isIntervalEnd = false

  public init(
    _ key: ElementKey, through lastKey: ElementKey? = nil, value: ElementValue? = nil, comment: String? = nil,
    timeout: UInt64? = nil
  ) {
    self.key = key
    self.lastKey = lastKey
    self.value = value
    self.comment = comment
    self.timeout = timeout
  }

  /// An element of a map with data.
  public init(_ key: ElementKey, data: ElementKey, comment: String? = nil) {
    self.init(key, value: .data(data), comment: comment)
  }
}

/// What an element of a map leads to.
public enum ElementValue: Hashable, Sendable {
  case data(ElementKey)
  case verdict(Verdict)
}

extension SetElement {
  /// Appends the elements that the kernel makes of it: for an interval two, unless the key is a concatenation.
  func append(to message: inout MessageBuilder) {
    message.nest(NFTA_LIST_ELEM) { message in
      message.nest(NFTA_SET_ELEM_KEY) { $0.append(NFTA_DATA_VALUE, bytes: key.bytes) }
      if let lastKey, key.parts.count > 1 {
        message.append(NFTA_SET_ELEM_KEY_END, data: lastKey.bytes)
      }
      switch value {
      case .data(let data): message.append(NFTA_SET_ELEM_DATA, data: data.bytes)
      case .verdict(let verdict): message.nest(NFTA_SET_ELEM_DATA) { verdict.append(to: &$0) }
      case nil: break
      }
      if let timeout { message.append(NFTA_SET_ELEM_TIMEOUT, timeout) }
      message.append(NFTA_SET_ELEM_USERDATA, comment: comment)
    }
    // The end of an interval is the first key behind it; the very last key has none.
    if let lastKey, key.parts.count == 1, let end = successor(lastKey.bytes) {
      message.nest(NFTA_LIST_ELEM) { message in
        message.append(NFTA_SET_ELEM_KEY, data: end)
        message.append(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END)
      }
    }
  }

  /// Reads one element of a list.
  package init(_ attribute: borrowing Attribute) throws(MalformedMessage) {
    var key: [UInt8]?
    self.init(ElementKey([]))
    var attributes = attribute.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_SET_ELEM_KEY: key = try attribute.data
      case NFTA_SET_ELEM_KEY_END: lastKey = ElementKey(.bytes(try attribute.data))
      case NFTA_SET_ELEM_DATA: value = try ElementValue(attribute)
      case NFTA_SET_ELEM_FLAGS: isIntervalEnd = try attribute.unsigned & NFT_SET_ELEM_INTERVAL_END.rawValue != 0
      case NFTA_SET_ELEM_TIMEOUT: timeout = try attribute.unsigned64
      case NFTA_SET_ELEM_EXPIRATION: expiration = try attribute.unsigned64
      case NFTA_SET_ELEM_USERDATA: comment = attribute.comment
      default: break
      }
    }
    guard let key else { throw MalformedMessage("element without a key") }
    self.key = ElementKey(.bytes(key))
  }

  /// Reads a message of the type `NFT_MSG_NEWSETELEM`.
  package static func list(_ message: borrowing Message) throws(MalformedMessage) -> [SetElement] {
    var elements: [SetElement] = []
    var attributes = try message.attributes(after: nfgenmsg.self)
    while let attribute = try attributes.next() {
      guard case NFTA_SET_ELEM_LIST_ELEMENTS = attribute.type else { continue }
      var list = attribute.nested
      while let element = try list.next() { elements.append(try SetElement(element)) }
    }
    return elements
  }
}

extension ElementValue {
  init(_ attribute: borrowing Attribute) throws(MalformedMessage) {
    var attributes = attribute.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_DATA_VALUE:
        self = .data(ElementKey(.bytes(attribute.bytes)))
        return
      case NFTA_DATA_VERDICT:
        self = .verdict(try Verdict(attribute))
        return
      default: break
      }
    }
    throw MalformedMessage("element with neither data nor verdict")
  }
}

/// The number behind a big-endian one; nil behind the last.
private func successor(_ bytes: [UInt8]) -> [UInt8]? {
  var bytes = bytes
  for index in bytes.indices.reversed() {
    bytes[index] &+= 1
    if bytes[index] != 0 { return bytes }
  }
  return nil
}

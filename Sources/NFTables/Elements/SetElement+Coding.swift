internal import CLinux
package import Netlink

extension SetElement {
  /// Appends the elements that the kernel makes of it: for an interval two, unless the key is a concatenation.
  func append(to message: inout MessageBuilder) {
    let end = lastKey.flatMap { key.parts.count > 1 ? nil : successor($0.bytes) }
    var userData = UserData()
    userData.append(comment: comment)
    if lastKey != nil && key.parts.count == 1 && end == nil {
      // There is no key behind it, and this tells nft that the interval is one (`SET_ELEM_F_INTERVAL_OPEN`).
      userData.append(UserDataType.elementFlags, 1)
    }
    message.nest(NFTA_LIST_ELEM) { message in
      message.append(NFTA_SET_ELEM_KEY, data: key.bytes)
      if let lastKey, key.parts.count > 1 { message.append(NFTA_SET_ELEM_KEY_END, data: lastKey.bytes) }
      switch value {
      case .data(let data): message.append(NFTA_SET_ELEM_DATA, data: data.bytes)
      case .verdict(let verdict): message.nest(NFTA_SET_ELEM_DATA) { verdict.append(to: &$0) }
      case nil: break
      }
      if let timeout { message.append(NFTA_SET_ELEM_TIMEOUT, timeout) }
      message.append(NFTA_SET_ELEM_USERDATA, userData)
    }
    // The end of an interval is the first key behind it.
    if let end {
      message.nest(NFTA_LIST_ELEM) { message in
        message.append(NFTA_SET_ELEM_KEY, data: end)
        message.append(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END)
      }
    }
  }
}

/// An element as the kernel has it: an interval is two of them, unless the key is a concatenation.
package struct EncodedElement: Sendable {
  package var element: SetElement

  /// Whether it is the first key behind an interval, and no element of its own.
  package var isIntervalEnd = false

  /// Reads one element of a list.
  init(_ attribute: borrowing Attribute) throws(MalformedMessage) {
    var key: [UInt8]?
    element = SetElement(ElementKey([]))
    var attributes = attribute.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_SET_ELEM_KEY: key = try attribute.data
      case NFTA_SET_ELEM_KEY_END: element.lastKey = ElementKey(.bytes(try attribute.data))
      case NFTA_SET_ELEM_DATA: element.value = try ElementValue(attribute)
      case NFTA_SET_ELEM_FLAGS: isIntervalEnd = try attribute.unsigned & NFT_SET_ELEM_INTERVAL_END.rawValue != 0
      case NFTA_SET_ELEM_TIMEOUT: element.timeout = try attribute.unsigned64
      case NFTA_SET_ELEM_EXPIRATION: element.expiration = try attribute.unsigned64
      case NFTA_SET_ELEM_USERDATA: element.comment = attribute.comment
      default: break
      }
    }
    guard let key else { throw MalformedMessage("element without a key") }
    element.key = ElementKey(.bytes(key))
  }

  /// Reads a message of the type `NFT_MSG_NEWSETELEM`.
  package static func list(_ message: borrowing Message) throws(MalformedMessage) -> [EncodedElement] {
    var elements: [EncodedElement] = []
    var attributes = try message.attributes(after: nfgenmsg.self)
    while let attribute = try attributes.next() {
      guard case NFTA_SET_ELEM_LIST_ELEMENTS = attribute.type else { continue }
      var list = attribute.nested
      while let element = try list.next() { elements.append(try EncodedElement(element)) }
    }
    return elements
  }
}

extension ElementValue {
  /// Reads data or a verdict.
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

extension SetDefinition {
  /// Makes elements of what the kernel lists: keys and data of parts, and intervals of their two ends.
  package func elements(_ encoded: [EncodedElement]) -> [SetElement] {
    var elements: [SetElement] = []
    elements.reserveCapacity(encoded.count)
    if hasIntervals && key.count == 1 {
      // The kernel lists the tree from its end to its beginning: the key behind an interval comes before the interval.
      // Behind the last key there is none.
      var end: [UInt8]?
      for item in encoded {
        if item.isIntervalEnd {
          end = item.element.key.bytes
          continue
        }
        var element = item.element
        let last = end.map(predecessor) ?? [UInt8](repeating: 0xff, count: element.key.bytes.count)
        element.lastKey = ElementKey(.bytes(last))
        end = nil
        elements.append(typed(element))
      }
    } else {
      for item in encoded { elements.append(typed(item.element)) }
    }
    return elements
  }

  /// An element whose key and data are known to consist of parts.
  private func typed(_ element: SetElement) -> SetElement {
    var element = element
    element.key = typed(element.key, key)
    element.lastKey = element.lastKey.map { typed($0, key) }
    if case .data(let types) = value, case .data(let data) = element.value {
      element.value = .data(typed(data, types))
    }
    return element
  }

  private func typed(_ key: ElementKey, _ types: [DataType]) -> ElementKey {
    key.parts(of: types).map { ElementKey($0) } ?? key
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

/// The number before a big-endian one.
private func predecessor(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  for index in bytes.indices.reversed() {
    bytes[index] &-= 1
    if bytes[index] != 0xff { return bytes }
  }
  return bytes
}

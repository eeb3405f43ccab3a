internal import CJansson

extension JSONValue {
  /// The value of a key, or nil where there is none, it is `null`, or this is no object.
  public subscript(key: String) -> JSONValue? {
    guard kind == .object, let node = member(key) else { return nil }
    return JSONValue(document: document, node: node, container: self.node, step: .key(key))
  }

  /// The value of a key that must be there.
  public func value<T: JSONDecodable>(_ key: String, as type: T.Type = T.self) throws(JSONError) -> T {
    guard let value = try valueIfPresent(key, as: type) else {
      throw JSONError(path: path(to: .key(key)), .missing)
    }
    return value
  }

  /// The value of a key, or nil where there is none or it is `null`.
  public func valueIfPresent<T: JSONDecodable>(_ key: String, as type: T.Type = T.self) throws(JSONError) -> T? {
    guard kind == .object else { throw mismatch(expected: "object") }
    guard let node = member(key) else { return nil }
    return try T(json: JSONValue(document: document, node: node, container: self.node, step: .key(key)))
  }

  /// The value of a key, or another one where there is none or it is `null`.
  public func value<T: JSONDecodable>(
    _ key: String, as type: T.Type = T.self, default defaultValue: @autoclosure () -> T
  ) throws(JSONError) -> T {
    try valueIfPresent(key, as: type) ?? defaultValue()
  }

  /// The members in the order of the text, `null` ones too.
  public func members() throws(JSONError) -> [(key: String, value: JSONValue)] {
    guard kind == .object else { throw mismatch(expected: "object") }
    var members: [(key: String, value: JSONValue)] = []
    members.reserveCapacity(json_object_size(node))
    var iterator = json_object_iter(node)
    while let position = iterator, let value = json_object_iter_value(position) {
      let key = String(decoding: keyBytes(at: position), as: UTF8.self)
      members.append((key, JSONValue(document: document, node: value, container: node, step: .key(key))))
      iterator = json_object_iter_next(node, position)
    }
    return members
  }

  /// Whether the text has a key at all, be it with `null`, which everywhere else is the same as no such key.
  public func mentions(_ key: String) -> Bool {
    guard kind == .object else { return false }
    var key = key
    return key.withUTF8 { wanted in
      var iterator = json_object_iter(node)
      while let position = iterator {
        if equalIgnoringCase(keyBytes(at: position), wanted) { return true }
        iterator = json_object_iter_next(node, position)
      }
      return false
    }
  }

  /// The node of a key in this object, by the rules of `JSONValue`.
  private func member(_ key: String) -> JSONReference? {
    var key = key
    return key.withUTF8 { wanted in
      let exact = json_object_getn(
        node, UnsafeRawPointer(wanted.baseAddress)?.assumingMemoryBound(to: CChar.self), wanted.count)
      if let exact, exact.pointee.type != JSON_NULL { return exact }

      var found: JSONReference?
      var iterator = json_object_iter(node)
      while let position = iterator {
        if equalIgnoringCase(keyBytes(at: position), wanted), let value = json_object_iter_value(position),
          value.pointee.type != JSON_NULL
        {
          found = value
        }
        iterator = json_object_iter_next(node, position)
      }
      return found
    }
  }
}

/// The key at a position of an object's iterator.
func keyBytes(at position: UnsafeMutableRawPointer) -> UnsafeBufferPointer<UInt8> {
  let start = UnsafeRawPointer(json_object_iter_key(position))
  return UnsafeBufferPointer(
    start: start?.assumingMemoryBound(to: UInt8.self), count: json_object_iter_key_len(position))
}

/// Whether two keys differ in nothing but the case of ASCII letters.
private func equalIgnoringCase(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  for index in left.indices where left[index] != right[index] {
    // Letters differ in this one bit; so do other characters, which are not the same.
    let letter = left[index] | 0x20
    guard letter == right[index] | 0x20, UInt8(ascii: "a")...UInt8(ascii: "z") ~= letter else { return false }
  }
  return true
}

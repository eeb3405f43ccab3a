internal import CJansson

/// A JSON value under construction. It has one owner: handing it to an object or array hands it over.
///
/// ```swift
/// var dns = JSONNode.object()
/// dns.set("domain", .string("cluster.local"))
/// result.set("dns", dns)
/// ```
public struct JSONNode: ~Copyable {
  let node: JSONReference

  /// Takes over a new reference. jansson answers null for nothing but memory that it did not get (the strings given
  /// to it are UTF-8, being Swift's), where Swift's own allocations end the process too.
  private init(owning node: JSONReference?) {
    guard let node else { fatalError("out of memory") }
    self.node = node
  }

  deinit { json_decref(node) }

  /// Gives the reference up to one who will release it.
  private consuming func take() -> JSONReference {
    let node = self.node
    discard self
    return node
  }

  /// An object without members.
  public static func object() -> JSONNode { JSONNode(owning: json_object()) }

  /// An array without elements.
  public static func array() -> JSONNode { JSONNode(owning: json_array()) }

  /// A string.
  public static func string(_ value: String) -> JSONNode {
    var value = value
    return JSONNode(
      owning: value.withUTF8 { bytes in
        withCharacters(bytes) { json_stringn_nocheck($0, bytes.count) }
      })
  }

  /// An integer.
  public static func integer(_ value: Int) -> JSONNode { JSONNode(owning: json_integer(json_int_t(value))) }

  /// `true` or `false`.
  public static func boolean(_ value: Bool) -> JSONNode { JSONNode(owning: value ? json_true() : json_false()) }

  /// `null`.
  public static func null() -> JSONNode { JSONNode(owning: json_null()) }

  /// A copy of a parsed value.
  public static func copy(of value: JSONValue) -> JSONNode { JSONNode(owning: json_deep_copy(value.node)) }

  /// An array of strings.
  public static func strings(_ values: [String]) -> JSONNode {
    var array = JSONNode.array()
    for value in values { array.append(.string(value)) }
    return array
  }

  /// Adds a member after those that are there; one with the same key is replaced in its place.
  ///
  /// Precondition: this is an object.
  public mutating func set(_ key: String, _ value: consuming JSONNode) {
    var key = key
    let value = value.take()
    let status = key.withUTF8 { bytes in
      withCharacters(bytes) { json_object_setn_new_nocheck(node, $0, bytes.count, value) }
    }
    precondition(status == 0, "a member was set on what is no object")
  }

  /// Adds an element at the end.
  ///
  /// Precondition: this is an array.
  public mutating func append(_ value: consuming JSONNode) {
    let status = json_array_append_new(node, value.take())
    precondition(status == 0, "an element was appended to what is no array")
  }
}

/// The bytes of a string as jansson takes them. A string without any still needs a pointer.
private func withCharacters<R>(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafePointer<CChar>) -> R) -> R {
  guard let start = bytes.baseAddress else {
    var nothing: CChar = 0
    return body(&nothing)
  }
  return body(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
}

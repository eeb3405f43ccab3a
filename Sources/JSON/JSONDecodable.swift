internal import CJansson

/// A type that can be read from a JSON value.
public protocol JSONDecodable {
  /// Reads the value, or says what is wrong with it and where.
  init(json: JSONValue) throws(JSONError)
}

extension JSONValue: JSONDecodable {
  public init(json: JSONValue) { self = json }
}

extension String: JSONDecodable {
  public init(json: JSONValue) throws(JSONError) {
    guard json.kind == .string else { throw json.mismatch(expected: "string") }
    let start = UnsafeRawPointer(json_string_value(json.node))?.assumingMemoryBound(to: UInt8.self)
    self.init(decoding: UnsafeBufferPointer(start: start, count: json_string_length(json.node)), as: UTF8.self)
  }
}

extension Bool: JSONDecodable {
  public init(json: JSONValue) throws(JSONError) {
    guard json.kind == .boolean else { throw json.mismatch(expected: "boolean") }
    self = json.node.pointee.type == JSON_TRUE
  }
}

extension JSONDecodable where Self: FixedWidthInteger {
  /// Reads an integer that must fit the type.
  public init(json: JSONValue) throws(JSONError) {
    guard json.kind == .integer else { throw json.mismatch(expected: "integer") }
    let integer = json_integer_value(json.node)
    guard let value = Self(exactly: integer) else {
      throw JSONError(
        path: json.path, .mismatch(expected: "integer from \(Self.min) to \(Self.max)", found: "\(integer)"))
    }
    self = value
  }
}

extension Int: JSONDecodable {}
extension Int64: JSONDecodable {}
extension Int32: JSONDecodable {}
extension UInt64: JSONDecodable {}
extension UInt32: JSONDecodable {}
extension UInt16: JSONDecodable {}
extension UInt8: JSONDecodable {}

extension Array: JSONDecodable where Element: JSONDecodable {
  public init(json: JSONValue) throws(JSONError) {
    guard json.kind == .array else { throw json.mismatch(expected: "array") }
    self.init()
    let count = json_array_size(json.node)
    reserveCapacity(count)
    for index in 0..<count {
      guard let node = json_array_get(json.node, index) else { break }
      append(
        try Element(json: JSONValue(document: json.document, node: node, container: json.node, step: .index(index))))
    }
  }
}

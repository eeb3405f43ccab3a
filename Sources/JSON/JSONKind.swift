internal import CJansson

/// What a JSON value is. Integers and other numbers are apart: `1500.0` is no integer.
public enum JSONKind: Sendable, Hashable, CustomStringConvertible {
  case object, array, string, integer, number, boolean, null

  init(_ node: JSONReference) {
    self =
      switch node.pointee.type {
      case JSON_OBJECT: .object
      case JSON_ARRAY: .array
      case JSON_STRING: .string
      case JSON_INTEGER: .integer
      case JSON_REAL: .number
      case JSON_TRUE, JSON_FALSE: .boolean
      default: .null
      }
  }

  /// The word for it in an error message.
  public var description: String {
    switch self {
    case .object: "object"
    case .array: "array"
    case .string: "string"
    case .integer: "integer"
    case .number: "number with a fraction or an exponent"
    case .boolean: "boolean"
    case .null: "null"
    }
  }
}

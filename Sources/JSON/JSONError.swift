/// What is wrong with a JSON text, and where.
///
/// The description is what a person reads: `ipam.ranges[0][1].subnet: expected string, found integer`.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// The text is no JSON. Lines and columns count from one.
    case syntax(line: Int, column: Int, text: String)
    /// The text ends before the value does.
    case endOfInput
    /// A value is of another type than the reader needs.
    case mismatch(expected: String, found: String)
    /// A key that must be there is not.
    case missing
    /// A value of the right type means nothing to the reader: an address that is none.
    case invalid(String)
  }

  /// The way from the document's root to the value: `ipam.ranges[0][1].subnet`; empty for the root itself and for a
  /// text that is no JSON.
  public let path: String

  /// What is wrong.
  public let reason: Reason

  /// Describes what is wrong at a path.
  public init(path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }

  /// Refuses a value for what it says: `ipam.gateway: invalid IP address: 10.0.0.300`.
  public init(_ text: String, at value: JSONValue) {
    self.init(path: value.path, .invalid(text))
  }

  /// Whether the text could not be read at all, or not as the types that it must have. The opposite is a value that
  /// has the right type but cannot be accepted, or that is not there.
  public var isDecodingFailure: Bool {
    switch reason {
    case .syntax, .endOfInput, .mismatch: true
    case .missing, .invalid: false
    }
  }

  public var description: String {
    let text =
      switch reason {
      case .syntax(let line, let column, let text): "invalid JSON at line \(line), column \(column): \(text)"
      case .endOfInput: "unexpected end of JSON input"
      case .mismatch(let expected, let found): "expected \(expected), found \(found)"
      case .missing: "missing"
      case .invalid(let text): text
      }
    return path.isEmpty ? text : "\(path): \(text)"
  }
}

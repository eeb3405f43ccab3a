internal import CJansson

/// A value in a parsed JSON text: cheap to copy, never changed.
///
/// Reading follows the rules that readers written in Go made the field's rules, and they are nowhere else:
/// - a key is found by its exact spelling, else by one that differs in the case of ASCII letters only;
/// - `null` is the same as no such key;
/// - of duplicate keys the last one wins;
/// - unknown keys are nobody's business.
///
/// Errors name the way to the value. It is searched for when an error is made, so reading costs nothing for it.
public struct JSONValue: Sendable {
  /// How a value was reached.
  enum Step: Sendable {
    case key(String)
    case index(Int)
  }

  let document: JSONDocument
  // Sound to send and to copy: the tree below never changes, and `document` keeps it.
  nonisolated(unsafe) let node: JSONReference
  /// The object or array that holds the value, and the place in it. jansson has one `true`, `false` and `null` for all
  /// places, so the node alone does not say where a value is.
  nonisolated(unsafe) let container: JSONReference?
  let step: Step

  /// Parses a text that holds exactly one JSON value and nothing after it.
  ///
  /// UTF-8 only. Integers must fit 64 bits. At most 2048 levels deep. `\u0000` is refused: no name, path or address
  /// has a NUL in it, and the kernel would read the part before it.
  public init(parsing bytes: [UInt8]) throws(JSONError) {
    let document = try JSONDocument(parsing: bytes)
    self.init(document: document, node: document.root, container: nil, step: .index(0))
  }

  init(document: JSONDocument, node: JSONReference, container: JSONReference?, step: Step) {
    self.document = document
    self.node = node
    self.container = container
    self.step = step
  }

  /// What the value is.
  public var kind: JSONKind { JSONKind(node) }

  /// Whether the value is `null`.
  public var isNull: Bool { kind == .null }

  /// The error that the value is of another type than `expected`.
  public func mismatch(expected: String) -> JSONError {
    JSONError(path: path, .mismatch(expected: expected, found: kind.description))
  }
}

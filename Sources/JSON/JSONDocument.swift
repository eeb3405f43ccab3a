internal import CJansson

/// A node of jansson's. Nodes below a document's root are borrowed from it.
typealias JSONReference = UnsafeMutablePointer<json_t>

/// Owns a parsed tree. Nothing changes the tree after the parse, which is why values that point into it may be copied
/// and sent.
final class JSONDocument: @unchecked Sendable {
  let root: JSONReference

  /// Parses a text that must hold exactly one value, of any type.
  ///
  /// jansson refuses what is not UTF-8, NUL in strings, integers beyond 64 bits, and more than 2048 levels (which bounds
  /// the stack that parsing and freeing take). Of duplicate keys the last one wins.
  init(parsing bytes: [UInt8]) throws(JSONError) {
    // jansson takes a null pointer for a mistake of the caller.
    guard !bytes.isEmpty else { throw JSONError(path: "", .endOfInput) }
    var error = json_error_t()
    let root = bytes.withUnsafeBytes { buffer in
      json_loadb(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, Int(JSON_DECODE_ANY), &error)
    }
    guard let root else { throw JSONError(error) }
    self.root = root
  }

  deinit { json_decref(root) }
}

extension JSONError {
  fileprivate init(_ error: json_error_t) {
    switch withUnsafePointer(to: error, { json_error_code($0) }) {
    case json_error_premature_end_of_input:
      self.init(path: "", .endOfInput)
    default:
      let text = withUnsafeBytes(of: error.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      self.init(path: "", .syntax(line: Int(error.line), column: Int(error.column), text: text))
    }
  }
}

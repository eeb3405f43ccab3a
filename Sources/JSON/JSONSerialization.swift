internal import CJansson

/// How a value is written. Members keep the order in which they were added or parsed.
public enum JSONStyle: Sendable {
  /// On one line without blanks.
  case compact
  /// One member a line, four blanks for each level, no newline at the end: as plugins print results.
  case indented
}

extension JSONNode {
  /// The value as UTF-8 text.
  public func serialized(_ style: JSONStyle) -> [UInt8] { write(node, style) }
}

extension JSONValue {
  /// The value as UTF-8 text, written anew: blanks and escapes of the text that it was parsed from are not kept.
  public func serialized(_ style: JSONStyle) -> [UInt8] { write(node, style) }
}

private func write(_ node: JSONReference, _ style: JSONStyle) -> [UInt8] {
  let layout =
    switch style {
    case .compact: Int(JSON_COMPACT)
    // JSON_INDENT(4): the number of blanks is in the low bits.
    case .indented: 4
    }
  var text: [UInt8] = []
  let status = withUnsafeMutablePointer(to: &text) { text in
    json_dump_callback(
      node,
      { bytes, count, text in
        guard let bytes, let text else { return -1 }
        text.assumingMemoryBound(to: [UInt8].self).pointee.append(
          contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
      }, text, layout | Int(JSON_ENCODE_ANY))
  }
  // A tree that was parsed, or built by handing nodes over, has no loops, which is all that jansson can refuse.
  precondition(status == 0, "a JSON value could not be written")
  return text
}

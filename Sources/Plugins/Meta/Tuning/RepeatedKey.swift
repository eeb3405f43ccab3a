/// Looks for a key that stands twice in the object of a member of a JSON text's top level. A parser has forgotten the
/// first one.
///
/// - Parameters:
///   - member: The member, in whichever case.
///   - text: A text that is known to be JSON.
/// - Returns: Whether there is one. Keys are compared as they are written.
func hasRepeatedKey(inMember member: String, of text: [UInt8]) -> Bool {
  var keys: [ArraySlice<UInt8>] = []
  var isInMember = false
  var depth = 0
  var position = 0
  while position < text.count {
    switch text[position] {
    case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
    case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
    case UInt8(ascii: "\""):
      let start = position + 1
      position = endOfString(text, start)
      let string = text[start..<min(position, text.count)]
      guard isKey(text, position + 1) else { break }
      if depth == 1 {
        isInMember = String(decoding: string, as: UTF8.self).lowercased() == member
        keys = []
      } else if depth == 2 && isInMember {
        if keys.contains(string) { return true }
        keys.append(string)
      }
    default: break
    }
    position += 1
  }
  return false
}

/// The position of the quote that ends a string.
private func endOfString(_ text: [UInt8], _ start: Int) -> Int {
  var position = start
  while position < text.count && text[position] != UInt8(ascii: "\"") {
    position += text[position] == UInt8(ascii: "\\") ? 2 : 1
  }
  return position
}

/// Whether the string that ends before a position is a key: a colon follows, perhaps after blanks.
private func isKey(_ text: [UInt8], _ position: Int) -> Bool {
  for byte in text[min(position, text.count)...] {
    switch byte {
    case UInt8(ascii: ":"): return true
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): continue
    default: return false
    }
  }
  return false
}

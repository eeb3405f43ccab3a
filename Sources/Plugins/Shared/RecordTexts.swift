// What a plugin has made stands in the journal as texts in the plugin's own words (`AttachmentRecord.owned`): a word,
// and behind it what it is about.

/// Takes a text apart at its first blank.
///
/// - Returns: nil where there is no blank.
func splitAtBlank(_ text: String) -> (word: String, rest: String)? {
  guard let blank = text.utf8.firstIndex(of: UInt8(ascii: " ")) else { return nil }
  return (String(text[..<blank]), String(text[text.utf8.index(after: blank)...]))
}

/// The words of a text that has one blank between them.
func words(of text: String) -> [String] {
  text.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
}

extension [String] {
  /// What stands behind a word, in those texts that begin with it.
  func values(of word: String) -> [String] {
    let start = word + " "
    var values: [String] = []
    for text in self where text.hasPrefix(start) { values.append(String(text.dropFirst(start.count))) }
    return values
  }
}

internal import CNI
internal import LinuxSystem
internal import NFTables
internal import NetworkAddresses

/// What a packet must fulfil, beyond being for a published port, to be sent to the container: the value of `conditionsV4`
/// or `conditionsV6`.
struct Conditions {
  /// The words of the configuration, with one blank between them. Two attachments with the same text share their rules.
  let text: String

  /// Each is one way to fulfil the conditions: statements that must all match. More than one come of a list of values.
  private(set) var alternatives: [[Statement]] = [[]]

  let family: AddressFamily

  /// Which of the two keys it is.
  let key: String

  /// Reads the words of nft, or those of iptables where the first one is an option.
  ///
  /// - Parameter tokens: The elements of the key. nft does not care how its words are spread over them.
  /// - Returns: nil for no condition at all.
  /// - Throws: Code 7 with the word that is not understood.
  init?(_ tokens: [String], family: AddressFamily) throws(PluginError) {
    self.family = family
    key = family == .ipv4 ? "conditionsV4" : "conditionsV6"
    var words = ConditionWords(tokens)
    guard let first = words.peek else { return nil }
    text = words.text
    if first.hasPrefix("-") || first == "!" {
      while words.peek != nil { try readOption(&words) }
    } else {
      while words.peek != nil { try readMatch(&words) }
    }
  }

  /// What the names of maps and rules end with that are for these conditions.
  var name: String { hexadecimalDigits(derivedNumber(of: [text])) }

  /// How many ways there may be to fulfil the conditions: lists multiply, and each way is a rule that packets go through.
  private static let greatestNumberOfAlternatives = 256

  /// Demands something more of a packet.
  ///
  /// - Parameter choices: Ways to fulfil it, one of which must match.
  /// - Throws: Code 7 where there come to be too many ways.
  mutating func require(anyOf choices: [[Statement]]) throws(PluginError) {
    guard alternatives.count * choices.count <= Self.greatestNumberOfAlternatives else {
      throw PluginError(
        .invalidConfiguration,
        "failed to load netconf: \(key): the lists have more than \(Self.greatestNumberOfAlternatives) combinations",
        details: quoted(text))
    }
    var combined: [[Statement]] = []
    for alternative in alternatives {
      for choice in choices { combined.append(alternative + choice) }
    }
    alternatives = combined
  }

  /// The error for a word that is not understood.
  func notUnderstood(_ word: String?) -> PluginError {
    let what = word.map { quoted($0) + " is not understood" } ?? "the last condition is not complete"
    return PluginError(
      .invalidConfiguration, "failed to load netconf: \(key): \(what)",
      details: "\(quoted(text)); the tools of iptables read all of their options, with \"backend\": \"iptables\"")
  }
}

/// Conditions as a list of words: at blanks, and at the signs of a list.
struct ConditionWords {
  private var words: [String] = []
  private var position = 0

  init(_ tokens: [String]) {
    for token in tokens {
      var word = ""
      for character in token {
        let isSign = character == "{" || character == "}" || character == ","
        guard isSign || character.isWhitespace else {
          word.append(character)
          continue
        }
        if !word.isEmpty { words.append(word) }
        word = ""
        if isSign { words.append(String(character)) }
      }
      if !word.isEmpty { words.append(word) }
    }
  }

  /// All words, with one blank between them.
  var text: String { words.joined(separator: " ") }

  /// The next word; nil at the end.
  var peek: String? { position < words.count ? words[position] : nil }

  /// Takes the next word; nil at the end.
  mutating func next() -> String? {
    defer { position += 1 }
    return peek
  }

  /// Takes the next word if it is one of these.
  mutating func skip(_ expected: String...) -> Bool {
    guard let word = peek, expected.contains(word) else { return false }
    position += 1
    return true
  }

  /// Takes a value, or a list of them: `{ 80, 443 }`, `80,443`. Nil where there is none, or the list does not end.
  mutating func values() -> [String]? {
    let hasBraces = skip("{")
    var values: [String] = []
    repeat {
      guard let value = next(), value != "{", value != "}", value != "," else { return nil }
      values.append(value)
    } while skip(",")
    if hasBraces && !skip("}") { return nil }
    return values
  }
}

/// A rule in the words of iptables(8).
struct IPTablesRule: Equatable {
  /// The chain that the rule is in.
  let chain: String

  /// What it matches and what it does: `-s 10.1.0.2 -j ACCEPT`, one word or one value in each.
  var arguments: [String]

  init(_ chain: String, _ arguments: [String]) {
    self.chain = chain
    self.arguments = arguments
  }
}

/// What `iptables-restore --noflush` reads: changes of one table, made at once.
struct IPTablesScript {
  private let table: String
  private var lines = ""

  init(table: String) { self.table = table }

  /// Whether there is nothing to do.
  var isEmpty: Bool { lines.isEmpty }

  /// Whether a script can say all that it was to say: a line feed in a word would be the end of the line.
  private(set) var isWritable = true

  /// The script, with the frame that makes it one transaction.
  var text: String { "*\(table)\n\(lines)COMMIT\n" }

  /// Makes a chain. One that exists is an error.
  mutating func create(chain: String) { lines += "-N\(word(chain))\n" }

  /// Removes a chain with its rules. One to which a rule jumps is an error.
  mutating func delete(chain: String) { lines += "-F\(word(chain))\n-X\(word(chain))\n" }

  /// Adds a rule behind all others of its chain.
  mutating func append(_ rule: IPTablesRule) { add("-A", rule) }

  /// Adds a rule before all others of its chain.
  mutating func insert(_ rule: IPTablesRule) { add("-I", rule) }

  private mutating func add(_ command: String, _ rule: IPTablesRule) {
    lines += command + word(rule.chain)
    for argument in rule.arguments { lines += word(argument) }
    lines += "\n"
  }

  /// Deletes a rule of a listing, in the listing's own words.
  mutating func delete(_ rule: IPTablesListing.Rule) { lines += "-D \(rule.chain) \(rule.text)\n" }

  /// A blank and a word, in quotes where it has characters that would end it.
  private mutating func word(_ text: String) -> String {
    var word = ""
    var needsQuotes = text.isEmpty
    for character in text.unicodeScalars {
      switch character {
      case "\"", "\\":
        word += "\\"
        needsQuotes = true
      case " ", "\t", "'", "#": needsQuotes = true
      case "\n", "\0": isWritable = false
      default: break
      }
      word.unicodeScalars.append(character)
    }
    return needsQuotes ? " \"\(word)\"" : " \(word)"
  }
}

internal import NetworkAddresses

/// What `iptables -S` says of a table: its chains, and its rules in words that the command also reads.
struct IPTablesListing {
  /// A rule of a listing.
  struct Rule: Equatable {
    /// The chain that it is in.
    let chain: Substring
    /// The rest of the line: `-s 10.1.0.2/32 -j ACCEPT`.
    let text: Substring

    /// Whether it jumps to a chain.
    func jumps(to chain: String) -> Bool { text.hasSuffix(" -j \(chain)") || text == "-j \(chain)" }

    /// The value that follows an option: of `-s`, say, `10.1.0.2/32`.
    func value(of option: String) -> Substring? {
      var isWanted = false
      for word in text.split(separator: " ") {
        if isWanted { return word }
        isWanted = word == option
      }
      return nil
    }

    /// The network that it takes packets from or, with `-d`, for those to it.
    func network(_ option: String) -> CIDR? { value(of: option).flatMap { CIDR(String($0)) } }
  }

  private var chains: [Substring] = []

  /// The rules, chain by chain, in their order.
  private(set) var rules: [Rule] = []

  /// Reads the output of the command. Lines of another form are passed over.
  init(_ output: [UInt8]) {
    for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 2)
      guard parts.count >= 2 else { continue }
      switch parts[0] {
      case "-N", "-P": chains.append(parts[1])
      case "-A": rules.append(Rule(chain: parts[1], text: parts.count > 2 ? parts[2] : ""))
      default: break
      }
    }
  }

  /// Whether the table has a chain.
  func hasChain(_ name: String) -> Bool {
    for chain in chains where chain == name { return true }
    return false
  }
}

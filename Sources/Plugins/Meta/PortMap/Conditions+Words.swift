internal import CNI
internal import NFTables
internal import NetworkAddresses

// The words of nft and of iptables that conditions may be written in. Either says the same things: an address, a link, a
// port, a mark.

extension Conditions {
  /// Reads one match of nft: `ip saddr != { 10.0.0.0/8, 192.0.2.7 }`, `iifname "eth*"`, `meta mark & 0xff == 1`.
  mutating func readMatch(_ words: inout ConditionWords) throws(PluginError) {
    let isMeta = words.skip("meta")
    let word = words.next()
    switch word {
    case "ip" where !isMeta && family == .ipv4, "ip6" where !isMeta && family == .ipv6:
      let field = words.next()
      switch field {
      case "saddr": try require(anyOf: addresses(.sourceAddress(family), isNegated(&words), words.values()))
      case "daddr": try require(anyOf: addresses(.destinationAddress(family), isNegated(&words), words.values()))
      default: throw notUnderstood(field)
      }
    case "iifname", "iif": try require(anyOf: links(isNegated(&words), words.values(), wildcard: "*"))
    case "mark":
      var mask = UInt32.max
      if words.skip("&", "and") { mask = try number(words.next()) }
      let isNegated = isNegated(&words)
      try require(anyOf: mark(isNegated, number(words.next()), mask: mask))
    case "tcp" where !isMeta, "udp" where !isMeta, "sctp" where !isMeta, "th" where !isMeta:
      let field = words.next()
      let port: Field
      switch field {
      case "dport": port = .destinationPort
      case "sport": port = .sourcePort
      default: throw notUnderstood(field)
      }
      if let transport = word.flatMap({ PortMapping.Transport(rawValue: $0) }) {
        try require(anyOf: [[.match(.layer4Protocol, equals: .protocol(transport.number))]])
      }
      try require(anyOf: ports(port, isNegated(&words), words.values()))
    default: throw notUnderstood(word)
    }
  }

  /// Reads one option of iptables: `! -s 10.0.0.0/8`, `--in-interface eth+`, `-m mark --mark 0x1/0xff`.
  mutating func readOption(_ words: inout ConditionWords) throws(PluginError) {
    var isNegated = words.skip("!")
    let option = words.next()
    switch option {
    case "-s", "--source", "--src": try require(anyOf: addresses(.sourceAddress(family), isNegated, words.values()))
    case "-d", "--destination", "--dst":
      try require(anyOf: addresses(.destinationAddress(family), isNegated, words.values()))
    case "-i", "--in-interface": try require(anyOf: links(isNegated, words.values(), wildcard: "+"))
    case "-m" where !isNegated, "--match" where !isNegated:
      guard words.skip("mark") else { throw notUnderstood(words.peek) }
      isNegated = words.skip("!")
      guard words.skip("--mark") else { throw notUnderstood(words.peek) }
      let value = words.next()
      guard let value else { throw notUnderstood(nil) }
      let slash = value.firstIndex(of: "/") ?? value.endIndex
      var mask = UInt32.max
      if slash < value.endIndex { mask = try number(String(value[value.index(after: slash)...])) }
      try require(anyOf: mark(isNegated, number(String(value[..<slash])), mask: mask))
    default: throw notUnderstood(option)
    }
  }

  /// Takes the sign of a comparison of nft.
  private func isNegated(_ words: inout ConditionWords) -> Bool {
    if words.skip("!=", "ne") { return true }
    _ = words.skip("==", "eq")
    return false
  }

  private func number(_ word: String?) throws(PluginError) -> UInt32 {
    guard let word else { throw notUnderstood(nil) }
    let number = word.hasPrefix("0x") ? UInt32(word.dropFirst(2), radix: 16) : UInt32(word)
    guard let number else { throw notUnderstood(word) }
    return number
  }

  // MARK: What they say

  private func addresses(
    _ field: Field, _ isNegated: Bool, _ words: [String]?
  ) throws(PluginError) -> [[Statement]] {
    try choices(isNegated, words) { (word) throws(PluginError) in
      let network = CIDR(word) ?? IPAddress(word).map { CIDR(host: $0) }
      guard let network, network.address.family == family else { throw notUnderstood(word) }
      return isNegated ? .match(field, notIn: network) : .match(field, in: network)
    }
  }

  private func links(
    _ isNegated: Bool, _ words: [String]?, wildcard: Character
  ) throws(PluginError) -> [[Statement]] {
    try choices(isNegated, words) { (word) throws(PluginError) in
      var name = word
      if name.count > 1, name.hasPrefix("\""), name.hasSuffix("\"") { name = String(name.dropFirst().dropLast()) }
      // With a wildcard only so many bytes are compared.
      let isPrefix = name.last == wildcard
      if isPrefix { name.removeLast() }
      guard !name.isEmpty, name.utf8.count <= 15 else { throw notUnderstood(word) }
      return match(.inputInterfaceName, isPrefix ? .bytes(Array(name.utf8)) : .interfaceName(name), isNegated)
    }
  }

  private func ports(
    _ field: Field, _ isNegated: Bool, _ words: [String]?
  ) throws(PluginError) -> [[Statement]] {
    try choices(isNegated, words) { (word) throws(PluginError) in
      guard let port = UInt16(word) else { throw notUnderstood(word) }
      return match(field, .port(port), isNegated)
    }
  }

  private func mark(_ isNegated: Bool, _ value: UInt32, mask: UInt32) -> [[Statement]] {
    let field = mask == .max ? Field.mark : .mark.masked(withUnsafeBytes(of: mask) { Array($0) })
    return [[match(field, .mark(value), isNegated)]]
  }

  private func match(_ field: Field, _ value: ElementPart, _ isNegated: Bool) -> Statement {
    isNegated ? .match(field, differsFrom: value) : .match(field, equals: value)
  }

  /// The ways to fulfil that a field has one of some values, or none of them.
  private func choices(
    _ isNegated: Bool, _ words: [String]?, _ statement: (String) throws(PluginError) -> Statement
  ) throws(PluginError) -> [[Statement]] {
    guard let words else { throw notUnderstood(nil) }
    var statements: [Statement] = []
    for word in words { statements.append(try statement(word)) }
    return isNegated ? [statements] : statements.map { [$0] }
  }
}

import LinuxSystem
import NFTables
import NetworkAddresses
import NetworkNamespaces
import TestSupport
import Testing

/// A namespace, a socket in it, and what the tools of others say about it.
struct Machine: ~Copyable {
  let namespace: TestNamespace
  let socket: NFTablesSocket
  let tools: Tools

  init() throws {
    let namespace = try TestNamespace()
    socket = try NFTablesSocket(in: namespace.namespace)
    self.namespace = namespace
    tools = Tools(namespace: namespace)
  }
}

/// The official tools, run in a namespace.
struct Tools {
  let namespace: TestNamespace

  /// Runs a program that must succeed, and returns what it prints.
  @discardableResult
  func run(_ path: String, _ arguments: [String], input: String = "") throws -> String {
    let outcome = try namespace.namespace.run { () throws(SystemError) in
      Result { try Program(path, arguments, input: Array(input.utf8)).run() }
    }.get()
    guard outcome.status == 0 else { throw HarnessError("\(path) \(arguments): \(outcome)") }
    return outcome.text
  }

  /// Runs `nft` with arguments that have no blanks in them.
  @discardableResult
  func nft(_ arguments: String) throws -> String {
    try run("/usr/sbin/nft", arguments.split(separator: " ").map(String.init))
  }

  /// Runs `nft -f -` with a script.
  func script(_ text: String) throws { try run("/usr/sbin/nft", ["-f", "-"], input: text) }

  /// All rules as `nft` prints them, without what passes: the time that is left to elements.
  func ruleset() throws -> String {
    try nft("list ruleset").replacing(/\ expires [0-9a-z]+/, with: "")
  }
}

/// A script of `testdata/nftables`.
func script(_ name: String) throws -> String {
  String(decoding: try readFile("\(Peers.root)/testdata/nftables/\(name).nft"), as: UTF8.self)
}

/// The batch makes what the script makes, and nft reads what it prints.
func expectLayout(of batch: Batch, equals name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let official = try Machine()
  try official.tools.script(try script(name))
  let expected = try official.tools.ruleset()
  let machine = try Machine()
  try machine.socket.commit(batch)
  let ours = try machine.tools.ruleset()
  #expect(
    ours == expected, Comment(rawValue: difference(ours, expected)), sourceLocation: sourceLocation)
  try expectSameRules(machine, official, sourceLocation: sourceLocation)
  let again = try Machine()
  try again.tools.script(expected)
  #expect(try again.tools.ruleset() == expected, sourceLocation: sourceLocation)
}

func ip(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

func network(_ text: String) throws -> CIDR { try #require(CIDR(text)) }

/// The rules of two namespaces are the same to us too, expression by expression.
private func expectSameRules(
  _ ours: borrowing Machine, _ theirs: borrowing Machine, sourceLocation: SourceLocation
) throws {
  var count = 0
  for family in [TableFamily.inet, .ip, .ip6, .bridge] {
    for name in ["swift-cni", "filter", "t"] {
      let chains = try ours.socket.chains(of: TableReference(family: family, name: name))
      for chain in chains {
        let rules = try ours.socket.rules(of: chain.reference)
        #expect(try theirs.socket.rules(of: chain.reference) == rules, sourceLocation: sourceLocation)
        count += rules.count
      }
    }
  }
  #expect(count > 0, sourceLocation: sourceLocation)
}

/// The lines that only one of two texts has.
private func difference(_ ours: String, _ expected: String) -> String {
  let (ours, expected) = (ours.split(separator: "\n"), expected.split(separator: "\n"))
  return
    (ours.filter { !expected.contains($0) }.map { "ours: \($0)" }
    + expected.filter { !ours.contains($0) }.map { "theirs: \($0)" }).joined(separator: "\n")
}

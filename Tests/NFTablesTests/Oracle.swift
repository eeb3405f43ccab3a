import LinuxSystem
import NFTables
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
  func ruleset() throws -> String { try nft("list ruleset") }
}

/// A script of `testdata/nftables`.
func script(_ name: String) throws -> String {
  String(decoding: try readFile("\(Peers.root)/testdata/nftables/\(name).nft"), as: UTF8.self)
}

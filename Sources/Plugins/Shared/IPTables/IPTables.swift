internal import CLinux
internal import CNI
internal import LinuxSystem
internal import NetworkAddresses
internal import State

/// The command `iptables`, or `ip6tables` for the other family, as a child process: for the backends that are called so,
/// where a configuration names them or the kernel has no nf_tables.
///
/// What a call changes, it changes in one run of `iptables-restore`, which does all of it or nothing. What is there is
/// read with one listing of the table. Nobody else of ours gets in between the two: ``whileLocked(_:)``.
struct IPTables {
  /// The protocol whose rules the command makes.
  let family: AddressFamily

  /// The path of the command. `iptables-restore` is beside it.
  let path: String

  /// How long a command may take, in seconds. It waits for others that hold the lock of iptables a little less long, so
  /// that it is the command that tells of it.
  private static let deadline = 30
  private static let wait = "--wait=20"

  /// Finds the command, in `PATH` first.
  ///
  /// - Returns: nil where the machine does not have it.
  static func find(_ family: AddressFamily) -> IPTables? {
    let name = name(family)
    for directory in Environment.process["PATH"].split(separator: ":") + ["/usr/sbin", "/sbin"] {
      let path = "\(directory)/\(name)"
      if access(path, X_OK) == 0 { return IPTables(family: family, path: path) }
    }
    return nil
  }

  /// Finds the command, without which there is no ADD.
  static func require(_ family: AddressFamily) throws(PluginError) -> IPTables {
    if let command = find(family) { return command }
    throw PluginError("failed to locate \(name(family)): it is neither in PATH nor in /usr/sbin or /sbin")
  }

  private static func name(_ family: AddressFamily) -> String { family == .ipv4 ? "iptables" : "ip6tables" }

  /// Runs the command, or the one beside it that reads a script.
  ///
  /// - Returns: How it ended, whatever that is.
  private func run(_ command: String, _ arguments: [String], input: [UInt8] = []) throws(PluginError)
    -> ChildProcess.Outcome
  {
    try system { () throws(SystemError) in
      try ChildProcess.run(
        command, arguments + [IPTables.wait], environment: .process, replacing: "LC_ALL", by: "C", input: input,
        outputLimit: 64 << 20, collectsErrors: true, deadline: IPTables.deadline)
    }
  }

  /// The chains and rules of a table; empty where the kernel has no such table.
  func listing(of table: String) throws(PluginError) -> IPTablesListing {
    let arguments = ["-t", table, "-S"]
    let outcome = try run(path, arguments)
    switch outcome.termination {
    case .exited(0): return IPTablesListing(outcome.output)
    default:
      let failure = IPTablesFailure(path, arguments, outcome)
      if failure.isAbsence { return IPTablesListing([]) }
      throw failure.pluginError
    }
  }

  /// Whether a table has a rule, however a listing spells it. Its chain, and the one that it jumps to, need not exist.
  func has(_ rule: IPTablesRule, in table: String) throws(PluginError) -> Bool {
    let arguments = ["-t", table, "-C", rule.chain] + rule.arguments
    let outcome = try run(path, arguments)
    switch outcome.termination {
    case .exited(0): return true
    default:
      let failure = IPTablesFailure(path, arguments, outcome)
      if failure.isAbsence { return false }
      throw failure.pluginError
    }
  }

  /// Those of the rules that a table does not have.
  ///
  /// - Parameter listing: The table's listing. Where it has no such chain there is nothing to ask for.
  func missing(_ rules: [IPTablesRule], in table: String, _ listing: IPTablesListing) throws(PluginError)
    -> [IPTablesRule]
  {
    var missing: [IPTablesRule] = []
    for rule in rules {
      if listing.hasChain(rule.chain), try has(rule, in: table) { continue }
      missing.append(rule)
    }
    return missing
  }

  /// Verifies that a table has rules.
  func check(_ rules: [IPTablesRule], in table: String) throws(PluginError) {
    for rule in rules where try !has(rule, in: table) {
      throw PluginError(
        "rule \(quoted(rule.arguments.joined(separator: " "))) in chain \(rule.chain) not found in table \(table) of "
          + Self.name(family))
    }
  }

  /// Does what a script says, all of it or, where a line of it fails, nothing.
  func run(_ script: IPTablesScript) throws(PluginError) {
    if script.isEmpty { return }
    guard script.isWritable else {
      throw PluginError(.invalidConfiguration, "a line feed cannot be a part of a rule: \(quoted(script.text))")
    }
    let arguments = ["--noflush"]
    let outcome = try run(path + "-restore", arguments, input: Array(script.text.utf8))
    if outcome.termination == .exited(0) { return }
    var failure = IPTablesFailure(path + "-restore", arguments, outcome)
    failure.input = script.text
    throw failure.pluginError
  }

  /// Runs a body that looks at what is there and changes it, while nobody else of ours does so in the same family: two at
  /// once would both add what both found missing.
  func whileLocked(_ body: () throws(PluginError) -> Void) throws(PluginError) {
    let lock = try hostLock(family == .ipv4 ? "iptables/ipv4" : "iptables/ipv6", .exclusive)
    defer { withExtendedLifetime(lock.rawValue) {} }
    try body()
  }

  /// Takes rules back with each of the two commands that the machine has. Goes on past what fails and throws it at the
  /// end.
  ///
  /// - Parameters:
  ///   - families: Those in which there can be something.
  ///   - removal: What is to be deleted of what a table has.
  static func takeBack(
    _ families: [AddressFamily] = AddressFamily.allCases, from table: String,
    _ removal: (IPTablesListing) -> IPTablesScript
  ) throws(PluginError) {
    var failures = FailureList()
    for family in families {
      guard let command = find(family) else { continue }
      failures.collect { () throws(PluginError) in
        try command.whileLocked { () throws(PluginError) in
          try command.run(removal(command.listing(of: table)))
        }
      }
    }
    try failures.throwIfAny()
  }
}

/// A run of the command that failed.
struct IPTablesFailure {
  private let command: String
  private let termination: ChildProcess.Termination
  private let errorText: String

  /// The script that it read, where it read one.
  var input: String?

  init(_ path: String, _ arguments: [String], _ outcome: ChildProcess.Outcome) {
    command = ([path] + arguments).joined(separator: " ")
    termination = outcome.termination
    var text = String(decoding: outcome.errors, as: UTF8.self)
    while text.last == "\n" { text.removeLast() }
    errorText = text
  }

  /// Whether what failed was only that a rule, a chain or a table does not exist. The exit status tells it apart neither
  /// from a mistake nor in the same way in the two variants of the command.
  var isAbsence: Bool {
    for text in [
      "does a matching rule exist in that chain?", "No chain/target/match by that name", "No such file or directory",
      "does not exist",
    ] where strstr(errorText, text) != nil {
      return true
    }
    return false
  }

  /// The error for the runtime. Where somebody held the lock of iptables for too long (status 4) it is to try again.
  var pluginError: PluginError {
    PluginError(
      termination == .exited(4) ? .tryAgain : .internal, "running [\(command)]: \(termination): \(errorText)",
      details: input.map { "it read: \($0)" })
  }
}

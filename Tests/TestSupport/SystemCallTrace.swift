internal import CLinux
internal import LinuxSystem
package import Testing

/// The system calls of a program, as strace(1) lists them.
package struct SystemCallTrace: Sendable {
  /// One system call, in its place.
  package struct Call: Sendable, CustomStringConvertible {
    /// The name, such as `openat`.
    package let name: String

    /// Which one of that name it is, counted from 1. This is how strace is told where to interfere.
    package let number: Int

    /// The whole line: arguments, with the paths of descriptors, and what came back.
    package let line: String

    package var description: String { "\(name) number \(number): \(line)" }

    /// What came back, where that is a number.
    package var result: Int? {
      guard let sign = line.lastIndex(of: "=") else { return nil }
      let text = line[line.index(after: sign)...].drop { $0 == " " }
      return Int(text.prefix { $0.isNumber || $0 == "-" })
    }
  }

  package let calls: [Call]

  /// Reads what strace wrote.
  package init(parsing text: String) {
    var numbers: [Substring: Int] = [:]
    calls = text.split(separator: "\n").compactMap { line in
      guard let match = line.prefixMatch(of: /([a-z_0-9]+)\(/) else { return nil }
      numbers[match.output.1, default: 0] += 1
      return Call(name: String(match.output.1), number: numbers[match.output.1] ?? 0, line: String(line))
    }
  }

  /// The arguments that make strace run a program and write to a file. With `-y`, descriptors have their paths.
  package static func wrapper(writingTo file: String, _ options: [String] = []) -> [String] {
    ["/usr/bin/strace", "-y", "-s", "64", "-o", file] + options
  }

  /// The calls after the program has read all of its configuration: before them is what every start does.
  package var afterInput: ArraySlice<Call> {
    let end = calls.lastIndex { $0.name == "read" && $0.line.hasPrefix("read(0") } ?? -1
    return calls[(end + 1)...]
  }

  /// How many bytes the program was given from files and directories.
  package var bytesRead: Int {
    let names: Set = ["read", "pread64", "readv", "preadv", "preadv2", "getdents64"]
    return calls.filter { names.contains($0.name) }.reduce(0) { $0 + max(0, $1.result ?? 0) }
  }

  /// How many bytes the program exchanged with files and with the kernel's sockets.
  package var bytesExchanged: Int {
    let names: Set = [
      "read", "pread64", "getdents64", "write", "pwrite64", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg",
    ]
    return calls.filter { names.contains($0.name) }.reduce(0) { $0 + max(0, $1.result ?? 0) }
  }

  /// The calls that make processes or threads.
  package var callsThatMakeProcesses: [Call] {
    calls.filter { ["fork", "vfork", "clone", "clone3"].contains($0.name) }
  }

  /// Skips the test that runs now where there is no strace, or it may not trace.
  package static func require(sourceLocation: SourceLocation = #_sourceLocation) throws {
    guard access("/usr/bin/strace", X_OK) == 0 else {
      try skip("there is no strace", sourceLocation: sourceLocation)
    }
    let outcome = try Program("/usr/bin/strace", ["-o", "/dev/null", "/bin/true"]).run()
    if outcome.status != 0 {
      try skip("strace does not work here: \(outcome.errorText)", sourceLocation: sourceLocation)
    }
  }
}

extension HostLocalStore {
  /// Makes a call and lists its system calls.
  package func trace(
    _ command: String, _ container: String = "", members: [String] = []
  ) throws -> (answer: HostLocalAnswer, trace: SystemCallTrace) {
    let (outcome, text) = try runTraced(command, container, members: members, options: [])
    return (HostLocalAnswer(outcome), SystemCallTrace(parsing: text))
  }

  /// What is done to a call at one of its system calls.
  package enum Interference: Sendable, Hashable, CustomStringConvertible {
    /// It is killed; the system call does not happen any more.
    case kill
    /// The system call does not happen, and this error comes back.
    case error(String)

    package var description: String {
      switch self {
      case .kill: "killed"
      case .error(let name): name
      }
    }
  }

  /// Makes a call and interferes with it.
  package func call(
    _ command: String, _ container: String = "", members: [String] = [], _ interference: Interference,
    at call: SystemCallTrace.Call
  ) throws -> HostLocalAnswer {
    let action =
      switch interference {
      case .kill: "signal=KILL"
      case .error(let name): "error=\(name)"
      }
    return HostLocalAnswer(
      try runTraced(
        command, container, members: members,
        options: ["-e", "inject=\(call.name):\(action):when=\(call.number)"]
      ).outcome)
  }

  private func runTraced(
    _ command: String, _ container: String, members: [String], options: [String]
  ) throws -> (outcome: Program.Outcome, text: String) {
    let file = directory.file("trace")
    let outcome = try program(
      command, container, members: members, wrapper: SystemCallTrace.wrapper(writingTo: file, options)
    ).run()
    return (outcome, String(decoding: try readFile(file, limit: 1 << 28), as: UTF8.self))
  }
}

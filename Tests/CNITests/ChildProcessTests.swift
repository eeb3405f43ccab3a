import LinuxSystem
import Testing

@testable import CNI

/// A command that is run for its status and its words.
@Suite("A child process")
struct ChildProcessTests {
  private func run(_ script: String, deadline: Int? = nil, collectsErrors: Bool = true) throws -> ChildProcess.Outcome {
    try ChildProcess.run(
      "/bin/sh", ["-c", script, "name", "a b"], environment: .process, replacing: "LC_ALL", by: "C", input: [],
      outputLimit: 1 << 20, collectsErrors: collectsErrors, deadline: deadline)
  }

  @Test("Both outputs are collected, however long they are")
  func outputs() throws {
    let outcome = try run("printf '%s|%s' \"$LC_ALL\" \"$1\"; head -c 200000 /dev/zero >&2; exit 3")
    #expect(outcome.termination == .exited(3))
    #expect(outcome.output == Array("C|a b".utf8))
    #expect(outcome.errors.count == 200_000)
  }

  @Test("One that does not end in time is killed")
  func deadline() throws {
    let error = #expect(throws: SystemError.self) { try run("echo early; exec sleep 600", deadline: 1) }
    #expect(error?.description.hasSuffix("timed out") == true)
    #expect(try run("echo in time", deadline: 60).output == Array("in time\n".utf8))
  }
}

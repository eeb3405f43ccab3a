import TestSupport
import Testing

/// A call is one process: no tool is run, whatever there is to do.
@Suite("Chain: processes") struct ChainProcessTests {
  @Test("no plugin makes a process or runs a program, at any verb", .oursOnly("there a chain runs 110 programs"))
  func noChildren() throws {
    try SystemCallTrace.require()
    let node = try ConnectedHost()
    let network = NetworkList("net1", ChainTests.network.plugins + [#"{"type": "sbr"}"#])
    let attachment = AttachedContainer(
      of: try node.makeContainer("c1"), in: node.host, to: network, capabilities: ChainTests.capabilities)
    for command in ["ADD", "CHECK", "DEL", "DEL", "ADD", "GC", "STATUS"] {
      let outcome = try attachment.call(command) { step in
        var traced = step.program
        traced.path = "/usr/bin/strace"
        traced.arguments = [
          "-f", "-qq", "-e", "trace=execve,execveat,fork,vfork,clone,clone3", "-o", "/run/trace", step.program.path,
        ]
        let outcome = try node.host.run(traced)
        let calls = try node.host.shell("cat /run/trace").split(separator: "\n")
        #expect(calls.count == 1 && calls[0].contains("execve("), "\(command) of \(step.plugin): \(calls)")
        return outcome
      }
      #expect(outcome.status == 0, "\(command): \(outcome)")
    }
  }
}

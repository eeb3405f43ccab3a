import class Foundation.JSONSerialization
import struct Foundation.Data
import Glibc
import TestSupport
import Testing

/// The configurations of `conf/` in the hands of the protocol's own tool, and our plugins together with the reference's.
@Suite("Real callers") struct RealCallerTests {
  @Test("cnitool adds, checks, deletes, collects and asks for the status", arguments: Plugins.all)
  func cnitool(_ network: String) throws {
    let host = try Host()
    let container = try host.makeContainer("c1")
    let tool = CNITool(host: host, network: network, container: container)

    try tool.succeeds("status")
    let result = try tool.succeeds("add")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
    #expect(object["cniVersion"] as? String == "1.1.0")
    let addresses = try #require(object["ips"] as? [[String: Any]])
    #expect(!addresses.isEmpty)
    try tool.succeeds("check")
    try tool.succeeds("del")
    try tool.succeeds("del")

    // What nobody deletes, the garbage collector finds.
    try tool.succeeds("add")
    try tool.succeeds("gc")
    let links = try container.run(Program("/usr/sbin/ip", ["-brief", "link", "show", "type", "veth"]))
    #expect(links.text == "")
  }

  @Test("each way round: one of ours with one of the reference's", arguments: [true, false], ["host-local", "static"])
  func mixed(mainIsOurs: Bool, addressManager: String) throws {
    let host = try Host()
    let container = try host.makeContainer("c1")
    let ours = PluginDirectory(path: "\(Peers.root)/bin")
    let main = mainIsOurs ? ours : Peers.referencePlugins
    let other = mainIsOurs ? Peers.referencePlugins : ours
    let mixed = PluginDirectory(path: "/run/mixed")
    let script = """
      mkdir /run/mixed
      ln -s \(try main.plugin("bridge")) /run/mixed/bridge
      ln -s \(try other.plugin(addressManager)) /run/mixed/\(addressManager)
      """
    #expect(try host.run(Program("/bin/bash", ["--norc", "-c", script])).status == 0)

    let configuration = """
      {
        "cniVersion": "1.1.0", "name": "net1", "type": "bridge", "bridge": "br0", "isGateway": true,
        "ipam": {
          "type": "\(addressManager)", "subnet": "10.1.0.0/24",
          "addresses": [{ "address": "10.1.0.2/24", "gateway": "10.1.0.1" }]
        }
      }
      """
    func call(_ command: String, _ previousResult: String? = nil) throws -> Program.Outcome {
      let previous = previousResult.map { #", "prevResult": \#($0)"# } ?? ""
      let input = configuration.dropLast() + previous + "}"
      // The links in the directory are there in the host only.
      var program = try PluginCall(command, "bridge", input.utf8, in: main).program()
      program.environment["CNI_PATH"] = mixed.path
      return try host.run(program)
    }
    let added = try call("ADD")
    try #require(added.status == 0, "\(added)")
    #expect(added.text.contains("10.1.0.2/24"))
    let ping = try container.run(Program("/usr/bin/ping", ["-q", "-c", "1", "-w", "5", "10.1.0.1"]))
    #expect(ping.status == 0, "\(ping)")
    for command in ["CHECK", "DEL", "DEL"] {
      let outcome = try call(command, added.text)
      #expect(outcome.status == 0, "\(command): \(outcome)")
    }
    let leases = try host.run(
      Program("/bin/sh", ["-c", "ls /var/lib/cni/networks/net1 2>/dev/null | grep -c '^10\\.'"]))
    #expect(leases.text == "0\n")
  }

  @Test("an ADD and a DEL are one process each")
  func oneProcess() throws {
    try requireProgram("/usr/bin/strace")
    let host = try Host()
    try host.makeContainer("c1")
    let configuration = try #require(Fixture.all.first { $0.description == "bridge/dual-stack" }).configuration()
    for command in ["ADD", "DEL"] {
      let call = try PluginCall(
        command, "bridge", configuration, in: PluginDirectory(path: "\(Peers.root)/bin")
      ).program()
      var traced = call
      traced.path = "/usr/bin/strace"
      traced.arguments = [
        "-f", "-qq", "-e", "trace=execve,execveat,fork,vfork,clone,clone3", "-o", "/run/trace", call.path,
      ]
      let outcome = try host.run(traced)
      #expect(outcome.status == 0, "\(outcome)")
      let calls = try host.run(Program("/bin/cat", ["/run/trace"])).text.split(separator: "\n")
      #expect(calls.count == 1, "\(calls)")
      #expect(calls.first?.contains("execve(") == true)
    }
  }
}

extension CNITool {
  @discardableResult
  func succeeds(_ verb: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Program.Outcome {
    let outcome = try run(verb)
    #expect(outcome.status == 0, "\(verb) \(network): \(outcome)", sourceLocation: sourceLocation)
    return outcome
  }
}

private func requireProgram(_ path: String) throws {
  if access(path, X_OK) != 0 { try skip("there is no \(path)") }
}

import TestSupport
import Testing

/// How many ports the portmap plugin publishes for one container.
@Suite("The portmap plugin: limits")
struct PortMapLimitTests {
  @Test("Ports that do not fit in a record are refused with their number, and nothing is left")
  func tooMany() throws {
    let host = try Host()
    try host.makeContainer("c1")
    var mappings: [String] = []
    for transport in ["tcp", "udp"] {
      // In a row in the wrong direction, which is none that a record has a short form for.
      for port in 1...65535 {
        mappings.append(#"{"hostPort":\#(port),"containerPort":\#(65536 - port),"protocol":"\#(transport)"}"#)
      }
    }
    let configuration = """
      {"cniVersion": "1.0.0", "name": "net1", "type": "portmap", "snat": false,
       "runtimeConfig": {"portMappings": [\(mappings.joined(separator: ","))]},
       "prevResult": {"cniVersion": "1.0.0", "interfaces": [{"name": "eth0", "sandbox": "/run/netns/c1"}],
         "ips": [{"address": "10.1.0.2/24", "interface": 0}, {"address": "fd00:1::2/64", "interface": 0}]}}
      """
    let outcome = try PluginCall(
      "ADD", "portmap", configuration.utf8, in: PluginDirectory(path: "\(Peers.root)/bin")
    ).run(in: host)
    #expect(outcome.status == 1)
    #expect(outcome.text.contains("cannot record 131070 portMappings: "), "\(outcome.text.prefix(400))")
    let left = try host.run(Program("/bin/bash", ["-c", "nft list ruleset; find /run/swift-cni -name 'cid*'"]))
    #expect(left.text == "")
  }
}

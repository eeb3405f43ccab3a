import CLinux
import Conntrack
import LinuxSystem
import NetworkAddresses
import NetworkNamespaces
import SystemPackage
import TestSupport
import Testing

@Suite("Flows of real packets")
struct TrafficTests {
  /// Publishes the UDP ports 8053 and 8054 of the machine itself at its port 53, by the tool.
  private static let rules = """
    table inet published {
      chain output {
        type nat hook output priority -100
        udp dport 8053 redirect to :53
        udp dport 8054 redirect to :53
      }
    }
    """

  @Test(
    "what went through a mapping is found with both of its ends, and deleted alone", arguments: ["127.0.0.1", "::1"])
  func mapped(_ text: String) throws {
    guard access("/usr/sbin/nft", X_OK) == 0 else { try skip("needs nft") }
    let address = try #require(IPAddress(text))
    let namespace = try TestNamespace()
    let conntrack = try ConntrackSocket(in: namespace.namespace)
    let packets = [8053, 8053, 8054, 9000].map { "echo > /dev/udp/\(text)/\($0)\n" }.joined()
    for program in [
      Program("/usr/sbin/ip", ["link", "set", "lo", "up"]),
      Program("/usr/sbin/nft", ["-f", "-"], input: Array(Self.rules.utf8)), Program("/bin/bash", ["-ec", packets]),
    ] {
      let outcome = try namespace.namespace.run { () throws(SystemError) in Result { try program.run() } }.get()
      #expect(outcome.status == 0, "\(outcome)")
    }

    let family = address.family
    let mapping = FlowFilter(to: 8053, family: family, transport: 17)
    let flows = try conntrack.flows(matchingAnyOf: [mapping])
    #expect(flows.count == 2)
    for flow in flows {
      #expect(flow.original.destination == address)
      #expect(flow.original.destinationPort == 8053)
      #expect(flow.reply.source == address)
      #expect(flow.reply.sourcePort == 53)
      #expect(flow.reply.destinationPort == flow.original.sourcePort)
    }
    #expect(try conntrack.deleteFlows(matchingAnyOf: [mapping.answered(by: address, port: 54)]) == 0)
    #expect(try conntrack.deleteFlows(matchingAnyOf: [mapping.answered(by: address, port: 53)]) == 2)
    #expect(try conntrack.flows(matchingAnyOf: [mapping]).isEmpty)
    for port in [8054, 9000] as [UInt16] {
      #expect(try conntrack.flows(matchingAnyOf: [FlowFilter(to: port, family: family, transport: 17)]).count == 1)
    }
  }
}

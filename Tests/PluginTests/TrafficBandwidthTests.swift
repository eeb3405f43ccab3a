import class Foundation.JSONSerialization
import struct Foundation.Data
import TestSupport
import Testing

/// Throughput of a container with limits, as iperf3(1) measures it.
@Suite("Traffic: bandwidth", .serialized) struct TrafficBandwidthTests {
  /// In bits, and in bits per second.
  private static let limits = #"""
    {"bandwidth": {"ingressRate": 40000000, "ingressBurst": 800000, "egressRate": 20000000, "egressBurst": 800000}}
    """#

  @Test("TCP stays within ten percent of each rate")
  func rates() throws {
    let node = try ConnectedHost()
    let shaped = try node.attach("c1", to: .bridge(1, "", .bandwidth), capabilities: Self.limits)
    let address = try shaped.addresses[0]
    #expect(try (36e6...44e6).contains(throughput(from: node.outside, to: address, in: shaped.container)))
    #expect(try (18e6...22e6).contains(throughput(from: node.outside, to: address, in: shaped.container, "--reverse")))
    try shaped.mustSucceed("CHECK")
    try shaped.mustSucceed("DEL")
  }

  /// What arrives, in bits per second, between the first second, when bursts pass, and the end.
  private func throughput(
    from client: Container, to address: String, in server: Container, _ options: String...
  ) throws -> Double {
    try server.shell("iperf3 --server --one-off --daemon --bind \(address)")
    let arguments = ["--client", address, "--json", "--omit", "1", "--time", "2"] + options
    let outcome = try client.run(Program("/usr/bin/iperf3", arguments))
    let report = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
    let sum = ((report?["end"] as? [String: Any])?["sum_received"]) as? [String: Any]
    return try #require(sum?["bits_per_second"] as? Double, "\(outcome)")
  }
}

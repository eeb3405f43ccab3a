import TestSupport
import Testing

/// What the limits of the bandwidth plugin do to packets: measured with `iperf3` between a host and a container of it.
@Suite("Bandwidth, with traffic", .serialized) struct BandwidthTrafficTests {
  /// Makes a pair of links, limits it to 20 Mbit/s towards the container and 40 Mbit/s from there, and measures. Each
  /// line that it prints is the bits per second that arrived.
  private static let script = """
    set -euo pipefail
    container() { nsenter --net=/run/netns/c1 -- "$@"; }
    ip link add host0 type veth peer name eth0 netns /run/netns/c1
    ip address add 10.1.0.1/24 dev host0
    ip address add 10.9.0.1/24 dev host0
    ip -6 address add fd01::1/64 dev host0 nodad
    ip -6 address add fd09::1/64 dev host0 nodad
    ip link set host0 up
    container ip address add 10.1.0.2/24 dev eth0
    container ip -6 address add fd01::2/64 dev eth0 nodad
    container ip link set eth0 up
    container ip route add default via 10.1.0.1
    container ip -6 route add default via fd01::1
    call() {
      CNI_COMMAND=$1 CNI_CONTAINERID=cid1 CNI_NETNS=/run/netns/c1 CNI_IFNAME=eth0 CNI_PATH="$PLUGINS" \\
        "$PLUGINS/bandwidth" >/run/answer <<<'{"cniVersion":"1.1.0","name":"net1","type":"bandwidth",'"$KEYS"',
          "prevResult":{"cniVersion":"1.1.0","interfaces":[{"name":"host0"},{"name":"eth0","sandbox":"/run/netns/c1"}]}}'
    }
    # measure FROM TO SECONDS [--reverse]: what the host, at one of its addresses, sends to the container, or gets.
    measure() {
      container iperf3 --server --one-off >/run/server 2>&1 &
      until container ss -Hltn 'sport = :5201' | grep -q .; do sleep 0.05; done
      iperf3 --json --bind "$1" --client "$2" --time "$3" "${@:4}" | jq '.end.sum_received.bits_per_second | round'
      wait
    }
    call ADD
    """

  private func run(_ keys: String, _ measurements: String) throws -> [Double] {
    let host = try Host()
    try host.makeContainer("c1")
    var program = Program(
      "/bin/bash", ["--norc", "-c", Self.script + "\n" + measurements + "\ncall DEL"], deadline: 120)
    program.environment["PLUGINS"] = Peers.plugins.path
    program.environment["KEYS"] = keys
    let outcome = try host.run(program)
    try #require(outcome.status == 0, "\(outcome)")
    return outcome.text.split(separator: "\n").compactMap { Double($0) }
  }

  /// The limits with a burst in both directions.
  private func limits(burst: Int) -> String {
    #""ingressRate":20000000,"ingressBurst":\#(burst),"egressRate":40000000,"egressBurst":\#(burst)"#
  }

  /// Whether a measured rate is the configured one, give or take a tenth. Headers of packets are a twentieth.
  private func isHeld(_ measured: Double, to rate: Double) -> Bool { abs(measured / rate - 1) < 0.1 }

  @Test(
    "the rates are held, whatever burst the runtime sends",
    arguments: [1_000_000, 2_147_483_647, 4_294_967_295, 34_359_738_359])
  func bursts(_ burst: Int) throws {
    let measured = try run(
      limits(burst: burst),
      """
      measure 10.1.0.1 10.1.0.2 4
      measure 10.1.0.1 10.1.0.2 4 --reverse
      """)
    try #require(measured.count == 2)
    #expect(isHeld(measured[0], to: 20_000_000), "\(measured)")
    #expect(isHeld(measured[1], to: 40_000_000), "\(measured)")
  }

  @Test("what a subnet sends and gets is held to the rates, or what all others do", arguments: [true, false])
  func subnets(_ areShaped: Bool) throws {
    let key = areShaped ? "shapedSubnets" : "unshapedSubnets"
    let measured = try run(
      limits(burst: 4_294_967_295) + #","\#(key)":["10.9.0.0/24","fd09::/64"]"#,
      """
      for pair in "10.9.0.1 10.1.0.2" "fd09::1 fd01::2" "10.1.0.1 10.1.0.2" "fd01::1 fd01::2"; do
        measure $pair 3
        measure $pair 3 --reverse
      done
      """)
    try #require(measured.count == 8)
    let held = areShaped ? measured[..<4] : measured[4...]
    let free = areShaped ? measured[4...] : measured[..<4]
    for (offset, rate) in held.enumerated() {
      #expect(isHeld(rate, to: offset % 2 == 0 ? 20_000_000 : 40_000_000), "\(measured)")
    }
    // Memory to memory: some hundred times as fast on an idle machine.
    for rate in free { #expect(rate > 200_000_000, "\(measured)") }
  }
}

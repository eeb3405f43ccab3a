import CNI
import NetworkAddresses
import RouteNetlink
import Testing

@testable import Plugins

/// What of the bandwidth plugin can be decided without a kernel.
@Suite("The bandwidth plugin")
struct BandwidthTests {
  @Test("Rates and bursts become what the kernel reckons with")
  func arithmetic() {
    let bucket = RateLimit(rate: 1_000_000, burst: 8_000_000).tokenBucket
    #expect(bucket.rate == 125_000)
    #expect(bucket.limit == 1_003_125)
    #expect(bucket.buffer.rawValue == 125_000_000)
  }

  @Test("Numbers that do not fit 32 bits are the largest that do")
  func saturation() {
    // 4 GB less eight bytes at 1 Mbit/s: more than nine hours of it.
    let bucket = RateLimit(rate: 1_000_000, burst: 34_359_738_288).tokenBucket
    #expect(bucket.limit == 4_294_967_295)
    #expect(bucket.buffer.rawValue == 4_294_967_295)
    let fast = RateLimit(rate: 100_000_000_000, burst: 34_359_738_288).tokenBucket
    #expect(fast.rate == 12_500_000_000)
    #expect(fast.limit == 4_294_967_295)
    #expect(fast.buffer.rawValue == 5_368_703)
  }

  @Test(
    "A burst that says nothing does not undo the rate",
    arguments: [2_147_483_647, 4_294_967_295, 34_359_738_359] as [UInt64])
  func unsaidBurst(_ burst: UInt64) {
    let slow = RateLimit(rate: 1_000_000, burst: burst).tokenBucket
    #expect(slow.limit == (32 + 256) << 10)
    #expect(slow.buffer == TrafficTicks(clampingMicroseconds: 262_144))
    let fast = RateLimit(rate: 1_000_000_000, burst: burst).tokenBucket
    #expect(fast.limit == 12_500_000 + 3_125_000)
    #expect(fast.buffer == TrafficTicks(clampingMicroseconds: 100_000))
    // Where a tenth of a second is more than was said, that holds.
    let fastest = RateLimit(rate: 400_000_000_000, burst: 2_147_483_647).tokenBucket
    #expect(fastest.buffer == TrafficTicks(clampingMicroseconds: 5368))
  }

  @Test(
    "The reference's names",
    arguments: [
      ("mtnet", "mtc1", "bwpc4235a692f87"), ("test", "1234", "bwp2bbe0c48b91a"),
      ("k8s-pod-network", String(repeating: "0123456789abcdef", count: 4), "bwpce0bd88d2c9c"),
      ("podman", String(repeating: "a", count: 64), "bwpcad98ecec5ae"),
    ])
  func names(_ network: String, _ container: String, _ name: String) {
    let attachment = Attachment(network: network, containerID: container, interfaceName: "eth0")
    let other = Attachment(network: network, containerID: container, interfaceName: "eth1")
    #expect(Redirection.names(for: attachment).first == name)
    #expect(Redirection.names(for: other).first == name)
    #expect(Redirection.names(for: attachment).last != Redirection.names(for: other).last)
    #expect(Redirection.names(for: attachment).allSatisfy { $0.utf8.count == 15 })
  }

  @Test(
    "A network is matched word by word, and no word that does not count",
    arguments: [
      ("10.1.2.3/16", PacketSelection.PeerAddress.source, ["0a010000/ffff0000 at 12"]),
      ("192.0.2.7/32", .destination, ["c0000207/ffffffff at 16"]),
      ("0.0.0.0/0", .source, ["00000000/00000000 at 12"]),
      ("fd00:1::/64", .destination, ["fd000001/ffffffff at 24", "00000000/ffffffff at 28"]),
      ("fd00::/33", .source, ["fd000000/ffffffff at 8", "00000000/80000000 at 12"]),
      (
        "fd00::1:2/128", .source,
        [
          "fd000000/ffffffff at 8", "00000000/ffffffff at 12", "00000000/ffffffff at 16", "00010002/ffffffff at 20",
        ]
      ),
      ("::/0", .source, ["00000000/00000000 at 8"]),
    ])
  func filters(_ network: String, _ peer: PacketSelection.PeerAddress, _ matches: [String]) throws {
    let network = try #require(CIDR(network)).network
    let filter = peer.filter(network, parent: TrafficHandle(1), into: TrafficHandle(1, 0x30))
    func digits(_ number: UInt32) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }
    #expect(filter.matches.map { "\(digits($0.value))/\(digits($0.mask)) at \($0.offset)" } == matches)
    #expect(filter.protocolNumber == (network.address.family == .ipv4 ? 0x0800 : 0x86dd))
    #expect(filter.preference == (network.address.family == .ipv4 ? 1 : 2))
  }
}

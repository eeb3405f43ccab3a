import NetworkAddresses
import Testing

@Suite("Addresses of either version")
struct IPAddressTests {
  @Test(
    "an IPv4-mapped text is the IPv4 address",
    arguments: ["::ffff:10.0.0.2", "::ffff:a00:2", "0:0:0:0:0:FFFF:10.0.0.2"])
  func mapped(_ text: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address == IPAddress("10.0.0.2"))
    #expect(address.family == .ipv4)
    #expect(address.description == "10.0.0.2")
  }

  @Test("bytes in network order")
  func bytes() throws {
    let v4 = try #require(IPAddress("10.1.2.3"))
    #expect(v4.bytes == [10, 1, 2, 3])
    #expect(IPAddress(bytes: v4.bytes) == v4)
    let v6 = try #require(IPAddress("fe80::1"))
    #expect(v6.bytes == [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    #expect(IPAddress(bytes: v6.bytes) == v6)
    for count in [0, 3, 5, 15, 17, 32] { #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil) }
    // Bytes are taken as they are.
    let mapped = try #require(IPAddress(bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2]))
    #expect(mapped.family == .ipv6)
  }

  @Test(
    "the next and the previous, up to the ends of the family",
    arguments: [
      ("10.0.0.255", "10.0.1.0"), ("0.0.0.0", "0.0.0.1"), ("255.255.255.254", "255.255.255.255"), ("::", "::1"),
      ("::ffff:ffff", "::1:0:0"), ("fe80::ffff", "fe80::1:0"),
      // A small number stays what it is: IPv6.
      ("::1:2", "::1:3"),
    ])
  func neighbours(_ first: String, _ second: String) throws {
    let first = try #require(IPAddress(first))
    let second = try #require(IPAddress(second))
    #expect(first.next == second)
    #expect(second.previous == first)
    #expect(first.distance(to: second) == 1)
    #expect(second.distance(to: first) == nil)
    #expect(first < second)
  }

  @Test("the ends of the families")
  func ends() throws {
    #expect(try #require(IPAddress("255.255.255.255")).next == nil)
    #expect(try #require(IPAddress("0.0.0.0")).previous == nil)
    #expect(try #require(IPAddress("::")).previous == nil)
    let last = try #require(IPAddress("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))
    #expect(last.next == nil)
    #expect(IPAddress("::")?.distance(to: last) == UInt128.max)
    #expect(IPAddress("::")?.advanced(by: .max) == last)
    #expect(IPAddress("10.0.0.0")?.advanced(by: 1 << 32) == nil)
    #expect(IPAddress("10.0.0.0")?.advanced(by: 0x1_0005) == IPAddress("10.1.0.5"))
    #expect(IPAddress("10.0.0.0")?.distance(to: last) == nil)
  }

  @Test("IPv4 comes before IPv6")
  func order() throws {
    let sorted = ["::1", "10.0.0.10", "10.0.0.9", "::"].compactMap { IPAddress($0) }.sorted().map(\.description)
    #expect(sorted == ["10.0.0.9", "10.0.0.10", "::", "::1"])
  }

  /// What an address is for: u unspecified, o loopback, l link-local, m multicast, g global unicast, - none.
  @Test(
    "what addresses are for",
    arguments: [
      ("0.0.0.0", "u"), ("::", "u"), ("127.0.0.1", "o"), ("127.255.0.9", "o"), ("::1", "o"), ("169.254.1.1", "l"),
      ("fe80::1", "l"), ("febf::1", "l"), ("fec0::1", "g"), ("224.0.0.1", "m"), ("239.9.9.9", "m"), ("ff02::1", "m"),
      ("255.255.255.255", "-"), ("10.0.0.1", "g"), ("192.168.0.0", "g"), ("240.0.0.1", "g"), ("2001:db8::1", "g"),
      ("fd00::1", "g"), ("::2", "g"),
    ])
  func classes(_ text: String, _ expected: String) throws {
    let address = try #require(IPAddress(text))
    var found = ""
    if address.isUnspecified { found += "u" }
    if address.isLoopback { found += "o" }
    if address.isLinkLocalUnicast { found += "l" }
    if address.isMulticast { found += "m" }
    if address.isGlobalUnicast { found += "g" }
    #expect(found == (expected == "-" ? "" : expected))
  }
}

import NetworkAddresses
import Testing

@Suite("Networks")
struct CIDRTests {
  @Test(
    "address, network, first and last",
    arguments: [
      ("10.1.0.7/24", "10.1.0.0/24", "10.1.0.0", "10.1.0.255", "255.255.255.0"),
      ("10.1.0.7/32", "10.1.0.7/32", "10.1.0.7", "10.1.0.7", "255.255.255.255"),
      ("10.1.0.7/31", "10.1.0.6/31", "10.1.0.6", "10.1.0.7", "255.255.255.254"),
      ("10.1.0.7/0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255", "0.0.0.0"),
      ("2001:db8::7/64", "2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff::"),
      ("2001:db8::7/128", "2001:db8::7/128", "2001:db8::7", "2001:db8::7", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
      ("::1/0", "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::"),
    ])
  func parts(_ text: String, _ network: String, _ first: String, _ last: String, _ mask: String) throws {
    let cidr = try #require(CIDR(text))
    #expect(cidr.description == text)
    #expect(cidr.network.description == network)
    #expect(cidr.firstAddress.description == first)
    #expect(cidr.lastAddress.description == last)
    #expect(cidr.netmask.description == mask)
    #expect(cidr.contains(cidr.firstAddress) && cidr.contains(cidr.lastAddress) && cidr.contains(cidr.address))
    if let before = cidr.firstAddress.previous { #expect(!cidr.contains(before)) }
    if let after = cidr.lastAddress.next { #expect(!cidr.contains(after)) }
  }

  @Test(
    "an IPv4-mapped text is the IPv4 network",
    arguments: [
      ("::ffff:10.0.0.2/120", "10.0.0.2/24"), ("::ffff:10.0.0.2/128", "10.0.0.2/32"), ("::ffff:0:0/96", "0.0.0.0/0"),
      // A wider prefix is no IPv4 network.
      ("::ffff:10.0.0.2/95", "::ffff:10.0.0.2/95"),
    ])
  func mapped(_ text: String, _ canonical: String) throws {
    #expect(try #require(CIDR(text)).description == canonical)
  }

  @Test(
    "what is no network",
    arguments: [
      "", "/", "10.0.0.1", "10.0.0.1/", "/24", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/+8", "10.0.0.1/08",
      "10.0.0.1/8 ",
      "10.0.0.1/8/8", "10.0.0.1/255.0.0.0", "10.0.0/8", "::1/129", "::1/0x40", "::ffff:10.0.0.2/129", "10.0.0.1/1000",
      "10.0.0.1/ 8", "10.0.0.1/99999999999999999999",
    ])
  func malformed(_ text: String) { #expect(CIDR(text) == nil) }

  @Test("a prefix length must fit the address")
  func prefixLength() throws {
    let address = try #require(IPAddress("10.0.0.1"))
    #expect(CIDR(address: address, prefixLength: 33) == nil)
    #expect(CIDR(address: address, prefixLength: -1) == nil)
    #expect(CIDR(address: address, prefixLength: 32) == CIDR(host: address))
  }

  @Test("defaults and hosts")
  func kinds() throws {
    #expect(CIDR("0.0.0.0/0") == .defaultIPv4)
    #expect(CIDR("::/0") == .defaultIPv6)
    #expect(CIDR.defaultIPv4.isDefault && CIDR.defaultIPv6.isDefault)
    #expect(CIDR("10.0.0.0/0")?.isDefault == false)
    #expect(CIDR("10.0.0.1/32")?.isHost == true)
    #expect(CIDR("10.0.0.1/31")?.isHost == false)
    #expect(CIDR("::1/128")?.isHost == true)
    #expect(CIDR("::1/32")?.isHost == false)
  }

  @Test(
    "what contains and overlaps what",
    arguments: [
      ("10.0.0.0/8", "10.1.0.0/16", true), ("10.0.0.0/8", "11.0.0.0/8", false), ("10.1.0.0/24", "10.1.0.255/32", true),
      ("0.0.0.0/0", "192.168.0.1/32", true), ("0.0.0.0/0", "::/0", false), ("fd00::/8", "fd12::/64", true),
      ("fd00::/64", "fd00:0:0:1::/64", false), ("::/0", "::ffff:ffff/128", true),
    ])
  func overlap(_ one: String, _ other: String, _ expected: Bool) throws {
    let one = try #require(CIDR(one))
    let other = try #require(CIDR(other))
    #expect(one.overlaps(other) == expected)
    #expect(other.overlaps(one) == expected)
    #expect(one.contains(other.address) == expected)
  }
}

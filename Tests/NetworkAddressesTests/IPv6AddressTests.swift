import NetworkAddresses
import Testing

@Suite("IPv6 addresses")
struct IPv6AddressTests {
  @Test(
    "texts in the form of RFC 5952",
    arguments: [
      "::", "::1", "1::", "fe80::1", "2001:db8::1", "2001:db8::1:0:0:1", "2001:db8:0:1:1:1:1:1", "1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7:0", "0:2:3:4:5:6:7:8", "::2:3:4:5:6:7", "1:2:3:4:5:6::", "1::8", "1:0:0:4::8",
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:10.0.0.2",
    ])
  func canonical(_ text: String) throws {
    let address = try #require(IPv6Address(text))
    #expect(address.description == text)
    #expect(IPv6Address(address.description) == address)
  }

  @Test(
    "other texts of the same address",
    arguments: [
      ("0:0:0:0:0:0:0:0", "::"), ("0:0:0:0:0:0:0:1", "::1"), ("2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
      ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
      ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("::10.0.0.2", "::a00:2"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
      ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("::FFFF:0a00:0002", "::ffff:10.0.0.2"),
      ("0:0:0:0:0:ffff:10.0.0.2", "::ffff:10.0.0.2"),
    ])
  func other(_ text: String, _ canonical: String) throws {
    #expect(try #require(IPv6Address(text)).description == canonical)
  }

  @Test(
    "what is no address",
    arguments: [
      "", ":", ":::", "::::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:",
      ":1:2:3:4:5:6:7:8",
      "::1::", "1::2::3", "1:::2", "12345::", "::g", "::1%eth0", "fe80::1%1", "::1/64", "[::1]", " ::1", "::1 ",
      "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::", "::1.2.3", "::01.2.3.4", "::1.2.3.4:5", "1:2:3:4:5:6:7:8::",
      "::1:2:3:4:5:6:7:8",
      "0x1::", "::-1", "1:2:3:4:5:1.2.3.4",
    ])
  func malformed(_ text: String) {
    #expect(IPv6Address(text) == nil)
    #expect(IPAddress(text) == nil)
  }

  @Test("a number and its text")
  func number() throws {
    let address = try #require(IPv6Address("2001:db8::ff00:42:8329"))
    #expect(address.rawValue == 0x2001_0db8_0000_0000_0000_ff00_0042_8329)
  }

  @Test("any number survives its text", arguments: 0..<64)
  func roundTrip(_ seed: UInt64) throws {
    // Groups of zero are what the text is difficult for.
    var generator = SplitMix(state: seed)
    for _ in 0..<50 {
      var number: UInt128 = 0
      for _ in 0..<8 {
        number =
          number << 16
          | (Bool.random(using: &generator) ? 0 : UInt128(UInt16.random(in: 0...UInt16.max, using: &generator)))
      }
      let text = IPv6Address(rawValue: number).description
      #expect(IPv6Address(text)?.rawValue == number, "\(text)")
    }
  }
}

/// Random numbers that are the same in each run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}

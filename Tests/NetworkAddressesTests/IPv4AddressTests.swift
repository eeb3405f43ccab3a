import NetworkAddresses
import Testing

@Suite("IPv4 addresses")
struct IPv4AddressTests {
  @Test(
    "texts and numbers",
    arguments: [
      ("0.0.0.0", 0), ("10.1.0.7", 0x0a01_0007), ("192.168.255.1", 0xc0a8_ff01), ("255.255.255.255", UInt32.max),
    ])
  func text(_ text: String, _ number: UInt32) throws {
    let address = try #require(IPv4Address(text))
    #expect(address.rawValue == number)
    #expect(address.description == text)
  }

  @Test(
    "what is no address",
    arguments: [
      "", ".", "...", "1", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.999", "01.2.3.4",
      "1.2.3.00", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "-1.2.3.4", "1.2.3.0x4", "1.2.3.4/24", "a.b.c.d", "1,2,3,4",
      "1.2.3.4\0", "١.٢.٣.٤", "1.2.3.4444444444", "0000.0.0.0",
    ])
  func malformed(_ text: String) {
    #expect(IPv4Address(text) == nil)
    #expect(IPAddress(text) == nil)
  }
}

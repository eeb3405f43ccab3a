import NetworkAddresses
import Testing

@Suite("Hardware addresses")
struct MACAddressTests {
  @Test(
    "the three forms of one address",
    arguments: [
      "0a:58:0a:01:00:07", "0A:58:0A:01:00:07", "0a-58-0a-01-00-07", "0a58.0a01.0007", "0A58.0A01.0007",
    ])
  func forms(_ text: String) throws {
    let address = try #require(MACAddress(text))
    #expect(address.description == "0a:58:0a:01:00:07")
    #expect(address.rawValue == 0x0a58_0a01_0007)
    #expect(address.bytes == [0x0a, 0x58, 0x0a, 0x01, 0x00, 0x07])
    #expect(MACAddress(bytes: address.bytes) == address)
  }

  @Test(
    "what is no address",
    arguments: [
      "", "zz", "0a:58:0a:01:00", "0a:58:0a:01:00:07:08", "0a:58:0a:01:00:7", "0a:58:0a:01:00-07", "0a-58:0a:01:00:07",
      "0a580a010007", "0a58.0a01-0007", "0a58:0a01:0007", "0a.58.0a.01.00.07", "0g:58:0a:01:00:07",
      " 0a:58:0a:01:00:07",
      "0a:58:0a:01:00:0 ", "00:00:00:00:fe:80:00:00", "0000.0000.0000.0000", "::::::::::::::::: ", ":::::::::::::::::",
    ])
  func malformed(_ text: String) { #expect(MACAddress(text) == nil) }

  @Test("zero, groups, and bytes of another length")
  func kinds() throws {
    #expect(MACAddress(rawValue: 0).isZero)
    #expect(MACAddress("01:00:5e:00:00:01")?.isMulticast == true)
    #expect(MACAddress("00:00:5e:00:00:01")?.isMulticast == false)
    #expect(MACAddress(bytes: [1, 2, 3, 4, 5]) == nil)
    #expect(MACAddress(bytes: [1, 2, 3, 4, 5, 6, 7, 8]) == nil)
    #expect(MACAddress(rawValue: .max).rawValue == 0xffff_ffff_ffff)
  }

  @Test("a random address is one interface's, and nobody's by right", arguments: [0, UInt64.max, 0x0100_0000_0000])
  func random(_ bits: UInt64) {
    let address = MACAddress.random(using: bits)
    #expect(!address.isMulticast)
    #expect(address.bytes[0] & 2 == 2)
    #expect(address.rawValue & 0xfcff_ffff_ffff == bits & 0xfcff_ffff_ffff)
  }
}

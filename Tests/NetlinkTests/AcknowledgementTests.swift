@testable import Netlink
import SystemPackage
import TestSupport
import Testing

@Suite("The kernel's answers")
struct AcknowledgementTests {
  private func error(_ bytes: [UInt8]) throws(MalformedMessage) -> NetlinkError? {
    var messages = MessageCursor(bytes.span.bytes)
    guard let message = try messages.next() else { throw MalformedMessage("nothing") }
    let answer =
      message.type == .done ? try Acknowledgement(endOfDump: message) : try Acknowledgement(message)
    return answer.error(in: "add route to 10.6.0.0/16")
  }

  @Test("an error in the kernel's words")
  func words() throws {
    let error = try #require(try error(HexFixture("kernel-error-with-words").bytes))
    #expect(error.code == .networkUnreachable)
    #expect(error.kernelMessage == "Nexthop has invalid gateway")
    #expect(error.description == "add route to 10.6.0.0/16: network is unreachable (Nexthop has invalid gateway)")
  }

  @Test("an error that says where")
  func place() throws {
    let error = try #require(try error(HexFixture("kernel-error-with-offset").bytes))
    #expect(error.code == Errno(rawValue: 34))
    #expect(error.offset == 36)
    #expect(error.kernelMessage == "Attribute failed policy validation")
  }

  @Test("success", arguments: ["kernel-acknowledgement", "kernel-done"])
  func success(_ name: String) throws {
    #expect(try error(HexFixture(name).bytes) == nil)
  }

  @Test("an attribute that is missing is named, where the kernel has no words")
  func missing() throws {
    var bytes = try HexFixture("kernel-acknowledgement").bytes
    bytes[16] = 0xea
    bytes.replaceSubrange(17..<20, with: [0xff, 0xff, 0xff])
    bytes[7] = 3
    bytes += [8, 0, 5, 0, 3, 0, 0, 0]
    bytes[0] = UInt8(bytes.count)
    let error = try #require(try error(bytes))
    #expect(error.missingAttribute == 3)
    #expect(error.description == "add route to 10.6.0.0/16: invalid argument (attribute 3 is missing)")
  }

  @Test("a request that comes back whole is stepped over", arguments: [16, 19, 44] as [UInt8])
  func uncapped(_ length: UInt8) throws {
    let fixture = try HexFixture("kernel-error-with-words").bytes
    let request = [UInt8](repeating: 0xee, count: (Int(length) - 16 + 3) / 4 * 4)
    var bytes = Array(fixture[..<36]) + request + Array(fixture[36...])
    bytes[0] = UInt8(bytes.count)
    bytes[7] = 2
    bytes[20] = length
    #expect(try error(bytes)?.kernelMessage == "Nexthop has invalid gateway")
  }

  @Test("a request of an impossible length does not come back", arguments: [0, 15, 4096, UInt32.max])
  func uncappedMalformed(_ length: UInt32) throws {
    var bytes = try HexFixture("kernel-error-with-words").bytes
    bytes[7] = 2
    withUnsafeBytes(of: length) { bytes.replaceSubrange(20..<24, with: $0) }
    #expect(throws: MalformedMessage.self) { try error(bytes) }
  }

  @Test("the smallest of all numbers is an error like any other")
  func smallest() throws {
    var bytes = try HexFixture("kernel-acknowledgement").bytes
    bytes.replaceSubrange(16..<20, with: [0, 0, 0, 0x80])
    #expect(try error(bytes)?.code == Errno(rawValue: Int32.min))
  }

  @Test(
    "every truncation is an error",
    arguments: [
      "kernel-error-with-words", "kernel-error-with-offset", "kernel-acknowledgement",
    ])
  func truncated(_ name: String) throws {
    let bytes = try HexFixture(name).bytes
    for count in 0..<bytes.count {
      #expect(throws: MalformedMessage.self) { try error(Array(bytes[..<count])) }
      // The same with a length that fits what is left, up to where the next attribute would begin.
      guard count >= 16, count < 36 else { continue }
      var fitting = Array(bytes[..<count])
      fitting[0] = UInt8(count)
      #expect(throws: MalformedMessage.self) { try error(fitting) }
    }
  }
}

import Netlink
import SystemPackage
import Testing

@Suite("Messages under construction")
struct MessageBuilderTests {
  /// The bytes of a message after its header.
  private func body(_ message: MessageBuilder) -> [UInt8] {
    Array(NetlinkRequest(message, "test").bytes.dropFirst(16))
  }

  private func message() -> MessageBuilder { MessageBuilder(MessageType(rawValue: 0x0a0b), [], UInt32(0x0403_0201)) }

  @Test("the header has the length, the type, the flags, and room for the number")
  func header() {
    var message = MessageBuilder(MessageType(subsystem: 10, message: 11), [.create, .acknowledge], UInt16(7))
    message.append(3, UInt8(9))
    let request = NetlinkRequest(message, "test")
    #expect(
      request.bytes == [
        28, 0, 0, 0, 11, 10, 5, 4, 0, 0, 0, 0, 0, 0, 0, 0,
        7, 0, 0, 0,
        5, 0, 3, 0, 9, 0, 0, 0,
      ])
    #expect(request.description == "test")
  }

  @Test("attributes of every sort")
  func attributes() {
    var message = message()
    message.append(1, UInt16(0x0102))
    message.append(2, UInt32(0x0102_0304).bigEndian)
    message.append(3, bytes: [9, 8, 7])
    message.append(4, text: "äb")
    message.append(flag: 5)
    #expect(
      body(message) == [
        1, 2, 3, 4,
        6, 0, 1, 0, 2, 1, 0, 0,
        8, 0, 2, 0, 1, 2, 3, 4,
        7, 0, 3, 0, 9, 8, 7, 0,
        8, 0, 4, 0, 0xc3, 0xa4, 0x62, 0,
        4, 0, 5, 0,
      ])
  }

  @Test("nests get their lengths afterwards")
  func nests() {
    var message = message()
    message.nest(1) { message in
      message.append(2, UInt8(1))
      message.nest(3) { message in message.append(flag: 4) }
      message.nest(5) { _ in }
    }
    message.append(6) { message in message.append(record: UInt32(0x0100_0000)) { $0.append(flag: 7) } }
    #expect(
      body(message) == [
        1, 2, 3, 4,
        24, 0, 1, 0x80,
        5, 0, 2, 0, 1, 0, 0, 0,
        8, 0, 3, 0x80, 4, 0, 4, 0,
        4, 0, 5, 0x80,
        12, 0, 6, 0, 8, 0, 0, 1, 4, 0, 7, 0,
      ])
  }

  @Test("what is no message fails when it is performed, and nothing is sent")
  func defects() throws {
    let socket = try NetlinkSocket()
    var cut = message()
    cut.append(1, text: "a\0b")
    var long = message()
    long.append(1, bytes: [UInt8](repeating: 0, count: 65532))
    var nested = message()
    nested.nest(1) { message in
      for _ in 0..<2 { message.append(1, bytes: [UInt8](repeating: 0, count: 40000)) }
    }
    for (message, code) in [(cut, Errno.invalidArgument), (long, .messageTooLong), (nested, .messageTooLong)] {
      let error = #expect(throws: NetlinkError.self) {
        try socket.perform([NetlinkRequest(message, "do the impossible")])
      }
      #expect(error == NetlinkError(operation: "do the impossible", code: code))
    }
    var longest = message()
    longest.append(1, bytes: [UInt8](repeating: 0, count: 65531))
    #expect(body(longest).count == 4 + 4 + 65532)
  }
}

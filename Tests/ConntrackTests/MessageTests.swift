import CLinux
@testable import Conntrack
@testable import Netlink
import NetworkAddresses
import Testing

@Suite("Messages about flows")
struct MessageTests {
  @Test("a request for the flows of a mapping")
  func request() throws {
    let filter = FlowFilter(to: 8053, at: IPAddress("192.0.2.1"), family: .ipv4, transport: .udp)
      .answered(by: try #require(IPAddress("10.1.0.2")), port: 53)
    let request = ConntrackSocket.listRequest(filter)
    #expect(
      request.description
        == "list flows of protocol 17 to 192.0.2.1 port 8053 answered by 10.1.0.2 port 53")
    let expected: [[UInt8]] = [
      [0x70, 0, 0, 0, 0x01, 0x01, 0x01, 0x03, 0, 0, 0, 0, 0, 0, 0, 0],  // CT_GET, dump
      [2, 0, 0, 0],  // IPv4
      [0x24, 0, 0x01, 0x80],  // CTA_TUPLE_ORIG
      [0x0c, 0, 0x01, 0x80, 8, 0, 2, 0, 192, 0, 2, 1],  // to 192.0.2.1
      [0x14, 0, 0x02, 0x80, 5, 0, 1, 0, 17, 0, 0, 0, 6, 0, 3, 0, 0x1f, 0x75, 0, 0],  // UDP, to 8053
      [0x24, 0, 0x02, 0x80],  // CTA_TUPLE_REPLY
      [0x0c, 0, 0x01, 0x80, 8, 0, 1, 0, 10, 1, 0, 2],  // from 10.1.0.2
      [0x14, 0, 0x02, 0x80, 5, 0, 1, 0, 17, 0, 0, 0, 6, 0, 2, 0, 0, 53, 0, 0],  // UDP, from 53
      [0x14, 0, 0x19, 0x80],  // CTA_FILTER
      [8, 0, 1, 0, 0b101010, 0, 0, 0, 8, 0, 2, 0, 0b011001, 0, 0, 0],
    ]
    // The sequence number is given when it is sent.
    #expect(request.bytes == expected.flatMap { $0 })
  }

  @Test("what filters have in common lets through what each of them does")
  func common() throws {
    let v4 = try #require(IPAddress("10.1.0.2"))
    let first = FlowFilter(to: 1, family: .ipv4, transport: .udp).answered(by: v4, port: 53)
    let second = FlowFilter(to: 2, family: .ipv4, transport: .udp).answered(by: v4, port: 53)
    let third = FlowFilter(to: 2, family: .ipv4, transport: .udp)
    #expect(first.common(with: second) == FlowFilter(answeredBy: v4, port: 53, transport: .udp))
    #expect(second.common(with: third) == third)
    #expect(first.common(with: third).description == "protocol 17")
  }

  @Test("every truncation is an error or no flow, and nothing traps")
  func truncated() throws {
    var made = try MadeFlow(.udp, from: "10.9.0.1", to: "192.0.2.1", 8053, answeredBy: "10.1.0.2", 53)
    made.zone = 7
    // The kernel's messages about a flow have the attributes of those that make one, and the number.
    var bytes = made.request.bytes + [8, 0, UInt8(CTA_ID.rawValue), 0, 0, 0, 0, 9]
    #expect(try decode(bytes)?.id == 9)
    for count in 0..<bytes.count {
      var part = Array(bytes[..<count])
      #expect((try? decode(part)) == nil)
      guard count >= 16 else { continue }
      withUnsafeBytes(of: UInt32(count)) { part.replaceSubrange(0..<4, with: $0) }
      #expect((try? decode(part)) == nil, "\(count) bytes")
    }
    for start in 20..<bytes.count - 1 {
      let saved = bytes[start...start + 1]
      for value in [0, 1, 3, 4, 5, 0x7fff, 0xffff] as [UInt16] {
        withUnsafeBytes(of: value) { bytes.replaceSubrange(start...start + 1, with: $0) }
        _ = try? decode(bytes)
      }
      bytes.replaceSubrange(start...start + 1, with: saved)
    }
  }

  private func decode(_ bytes: [UInt8]) throws(MalformedMessage) -> Flow? {
    var bytes = bytes
    if bytes.count >= 4, bytes[0] | bytes[1] | bytes[2] | bytes[3] == 0 || UInt32(bytes[0]) < bytes.count {
      withUnsafeBytes(of: UInt32(bytes.count)) { bytes.replaceSubrange(0..<4, with: $0) }
    }
    var messages = MessageCursor(bytes.span.bytes)
    guard let message = try messages.next() else { return nil }
    return try Flow(message)
  }
}

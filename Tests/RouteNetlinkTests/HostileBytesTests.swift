import CLinux
@testable import Netlink
@testable import RouteNetlink
import TestSupport
import Testing

/// Whatever bytes come from a socket, a decoder returns or throws. It never traps and never loops.
@Suite("Hostile bytes", .timeLimit(.minutes(5)))
struct HostileBytesTests {
  static let fixtures = Result { try HexFixture.all() }

  /// Gives the bytes to every decoder that their type belongs to.
  private func decodeAll(_ bytes: [UInt8]) throws(MalformedMessage) {
    _ = try decode(bytes) { (message) throws(MalformedMessage) -> Bool? in
      switch Int(message.type.rawValue) {
      case RTM_NEWADDR: return try LinkAddress(message) != nil
      case RTM_NEWROUTE: return try Route(message) != nil
      case RTM_NEWNEIGH: return try Neighbor(message) != nil
      case RTM_NEWRULE: return try RoutingRule(message) != nil
      case Int(NLMSG_ERROR): return try Acknowledgement(message).code == nil
      case Int(NLMSG_DONE): return try Acknowledgement(endOfDump: message).code == nil
      default:
        _ = try BridgeVLAN.list(message, of: 5)
        return try Link(message).index >= 0
      }
    }
  }

  @Test("all fixtures can be decoded", arguments: try fixtures.get())
  func whole(_ fixture: HexFixture) throws {
    try decodeAll(fixture.bytes)
  }

  @Test("every truncation is an error", arguments: try fixtures.get())
  func truncated(_ fixture: HexFixture) {
    for count in 0..<fixture.bytes.count {
      #expect(throws: MalformedMessage.self, "\(count) bytes") { try decodeAll(Array(fixture.bytes[..<count])) }
    }
  }

  @Test("every truncation with a length that fits returns or throws", arguments: try fixtures.get())
  func truncatedToFit(_ fixture: HexFixture) {
    for count in 16..<max(fixture.bytes.count, 16) {
      var bytes = Array(fixture.bytes[..<count])
      withUnsafeBytes(of: UInt32(count)) { bytes.replaceSubrange(0..<4, with: $0) }
      _ = Result { try decodeAll(bytes) }
    }
  }

  @Test("every impossible length of an attribute is an error", arguments: try fixtures.get())
  func lengths(_ fixture: HexFixture) throws {
    let starts = attributeStarts(fixture.bytes)
    if fixture.name.hasPrefix("kernel-link") { #expect(starts.count > 20) }
    for start in starts {
      for length in [0, 1, 2, 3, UInt16(fixture.bytes.count - start + 1), 0x7fff, 0xffff] as [UInt16] {
        var bytes = fixture.bytes
        withUnsafeBytes(of: length) { bytes.replaceSubrange(start..<start + 2, with: $0) }
        #expect(throws: MalformedMessage.self, "length \(length) at \(start)") { try decodeAll(bytes) }
      }
    }
  }

  @Test("any two bytes, whatever they mean, may be anything", arguments: try fixtures.get())
  func anything(_ fixture: HexFixture) {
    for start in stride(from: 0, to: fixture.bytes.count - 1, by: 2) {
      for value in [0, 1, 3, 4, 5, 7, 8, 12, 0x14, 0x24, 0x7fff, 0x8000, 0xfffe, 0xffff] as [UInt16] {
        var bytes = fixture.bytes
        withUnsafeBytes(of: value) { bytes.replaceSubrange(start..<start + 2, with: $0) }
        _ = Result { try decodeAll(bytes) }
      }
    }
  }

  /// Where the attributes right after the message's structure begin.
  private func attributeStarts(_ bytes: [UInt8]) -> [Int] {
    let type = Int(bytes[4]) | Int(bytes[5]) << 8
    let structure =
      switch type {
      case RTM_NEWADDR: MemoryLayout<ifaddrmsg>.size
      case RTM_NEWROUTE, RTM_NEWNEIGH, RTM_NEWRULE: 12
      case Int(NLMSG_ERROR): bytes.count > 36 ? 20 : bytes.count
      case Int(NLMSG_DONE): bytes.count
      default: MemoryLayout<ifinfomsg>.size
      }
    var starts: [Int] = []
    var start = 16 + structure
    while start < bytes.count {
      starts.append(start)
      let length = Int(bytes[start]) | Int(bytes[start + 1]) << 8
      start += (length + 3) & ~3
    }
    return starts
  }
}

import CLinux
import NFTables
@testable import Netlink
import TestSupport
import Testing

/// Whatever bytes come from a socket, a decoder returns or throws. It never traps and never loops.
@Suite("Hostile bytes", .timeLimit(.minutes(5)))
struct HostileBytesTests {
  static let fixtures = Result { try HexFixture.all(in: "nftables") }

  /// A set of each kind, for what is made of its elements.
  private static let definitions: [SetDefinition] = {
    let set = SetReference(TableReference(family: .inet, name: "t"), "s")
    return [
      SetDefinition(set, key: [.ipv4Address], hasIntervals: true),
      SetDefinition(set, key: [.layer4Protocol, .port], value: .data([.ipv4Address, .port])),
      SetDefinition(set, key: [.mark], value: .data([.interfaceName]), hasIntervals: true),
      SetDefinition(set, key: [.hardwareAddress, .ipv6Address], value: .verdict, hasIntervals: true),
    ]
  }()

  /// Gives the bytes to the decoder that their type belongs to.
  private func decode(_ bytes: [UInt8]) throws(MalformedMessage) {
    _ = try decodeFirst(bytes) { (message) throws(MalformedMessage) -> Bool? in
      switch UInt32(message.type.rawValue & 0xff) {
      case NFT_MSG_NEWTABLE.rawValue: return try Table(message).comment != nil
      case NFT_MSG_NEWCHAIN.rawValue: return try Chain(message).comment != nil
      case NFT_MSG_NEWSET.rawValue: return try SetDefinition(message).comment != nil
      case NFT_MSG_NEWSETELEM.rawValue:
        let elements = try EncodedElement.list(message)
        for definition in Self.definitions {
          for element in definition.elements(elements) { _ = "\(element.key) \(element.lastKey?.bytes ?? [])" }
        }
        return elements.count > 0
      default: return try Rule(message).comment != nil
      }
    }
  }

  @Test("all fixtures can be decoded", arguments: try fixtures.get())
  func whole(_ fixture: HexFixture) throws {
    try decode(fixture.bytes)
  }

  @Test("every truncation is an error", arguments: try fixtures.get())
  func truncated(_ fixture: HexFixture) {
    for count in 0..<fixture.bytes.count {
      #expect(throws: MalformedMessage.self, "\(count) bytes") { try decode(Array(fixture.bytes[..<count])) }
    }
  }

  @Test("every truncation with a length that fits returns or throws", arguments: try fixtures.get())
  func truncatedToFit(_ fixture: HexFixture) {
    for count in 16..<fixture.bytes.count {
      var bytes = Array(fixture.bytes[..<count])
      withUnsafeBytes(of: UInt32(count)) { bytes.replaceSubrange(0..<4, with: $0) }
      _ = Result { try decode(bytes) }
    }
  }

  @Test("any two bytes, whatever they mean, may be anything", arguments: try fixtures.get())
  func anything(_ fixture: HexFixture) {
    for start in stride(from: 0, to: fixture.bytes.count - 1, by: 2) {
      for value in [0, 1, 2, 3, 4, 5, 7, 8, 12, 0x14, 0x100, 0x24, 0x7fff, 0x8000, 0xfffe, 0xffff] as [UInt16] {
        var bytes = fixture.bytes
        withUnsafeBytes(of: value) { bytes.replaceSubrange(start..<start + 2, with: $0) }
        _ = Result { try decode(bytes) }
      }
    }
  }

  @Test("every impossible length of an attribute inside of attributes is an error")
  func lengths() throws {
    // The length of the first expression, and of its name.
    let fixture = try HexFixture("kernel-rule", in: "nftables")
    let name = Array("meta".utf8)
    let start = try #require((0..<fixture.bytes.count).first { fixture.bytes[$0...].starts(with: name) }) - 4
    for position in [start, start - 4] {
      for length in [0, 1, 2, 3, 0x7fff, 0xffff] as [UInt16] {
        var bytes = fixture.bytes
        withUnsafeBytes(of: length) { bytes.replaceSubrange(position..<position + 2, with: $0) }
        #expect(throws: MalformedMessage.self, "length \(length) at \(position)") { try decode(bytes) }
      }
    }
  }
}

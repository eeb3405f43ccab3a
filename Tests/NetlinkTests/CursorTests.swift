import Netlink
import Testing

@Suite("Cursors over bytes from a socket")
struct CursorTests {
  /// The types and the lengths of the payloads.
  private func attributes(_ bytes: [UInt8]) throws(MalformedMessage) -> [[Int]] {
    var found: [[Int]] = []
    var cursor = AttributeCursor(bytes.span.bytes)
    while let attribute = try cursor.next() { found.append([attribute.type, attribute.payload.byteCount]) }
    return found
  }

  @Test("attributes one after the other")
  func several() throws {
    #expect(try attributes([]) == [])
    #expect(try attributes([5, 0, 1, 0, 9, 0, 0, 0, 4, 0, 2, 0]) == [[1, 1], [2, 0]])
    // The padding of the last may be missing.
    #expect(try attributes([4, 0, 2, 0, 5, 0, 1, 0, 9]) == [[2, 0], [1, 1]])
    // The flags are no part of the type.
    #expect(try attributes([4, 0, 2, 0x80, 4, 0, 3, 0x40, 4, 0, 4, 0xc0]) == [[2, 0], [3, 0], [4, 0]])
  }

  @Test(
    "a length that cannot be",
    arguments: [
      [0, 0, 1, 0], [1, 0, 1, 0], [3, 0, 1, 0], [5, 0, 1, 0], [255, 255, 1, 0], [4], [4, 0], [4, 0, 1],
      [4, 0, 1, 0, 8, 0, 1, 0, 1, 2, 3], [4, 0, 1, 0, 0, 0, 0, 0],
    ] as [[UInt8]])
  func malformed(_ bytes: [UInt8]) {
    #expect(throws: MalformedMessage.self) { try attributes(bytes) }
  }

  @Test("a payload shorter than what it should hold")
  func short() throws {
    let bytes: [UInt8] = [6, 0, 1, 0, 1, 2, 0, 0]
    var cursor = AttributeCursor(bytes.span.bytes)
    while let attribute = try cursor.next() {
      #expect(try attribute.integer(as: UInt16.self) == 0x0201)
      do {
        _ = try attribute.integer(as: UInt32.self)
        Issue.record("two bytes were read as four")
      } catch {
        #expect(error.reason == "2 bytes where UInt32 needs 4")
      }
    }
  }

  @Test(
    "texts end at a NUL, or at the end, and are made valid",
    arguments: [
      ([0x65, 0x74, 0x68, 0], "eth"), ([0x65, 0x74, 0x68], "eth"), ([0x65, 0, 0x68], "e"), ([0], ""), ([], ""),
      ([0xff, 0x65], "\u{fffd}e"),
    ] as [([UInt8], String)])
  func text(_ payload: [UInt8], _ expected: String) throws {
    let bytes = [UInt8(payload.count + 4), 0, 1, 0] + payload
    var cursor = AttributeCursor(bytes.span.bytes)
    while let attribute = try cursor.next() { #expect(attribute.text == expected) }
  }

  @Test("a message's length that cannot be", arguments: [0, 1, 15, 17, 4096, UInt32.max])
  func messageLength(_ length: UInt32) {
    let bytes = withUnsafeBytes(of: length) { Array($0) } + [UInt8](repeating: 0, count: 12)
    #expect(throws: MalformedMessage.self) {
      var cursor = MessageCursor(bytes.span.bytes)
      _ = try cursor.next()?.sequence
    }
  }

  @Test("a message without the structure that it should begin with")
  func noHeader() throws {
    let bytes: [UInt8] = [16] + [UInt8](repeating: 0, count: 15)
    var cursor = MessageCursor(bytes.span.bytes)
    while let message = try cursor.next() {
      var failures = 0
      do throws(MalformedMessage) { _ = try message.header(UInt64.self) } catch { failures += 1 }
      do throws(MalformedMessage) {
        var attributes = try message.attributes(after: UInt64.self)
        _ = try attributes.next()?.type
      } catch { failures += 1 }
      #expect(failures == 2)
    }
  }
}

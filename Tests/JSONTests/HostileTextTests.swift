import JSON
import Testing

@Suite("Hostile texts")
struct HostileTextTests {
  @Test("nothing at all", arguments: ["", " ", "\n\t "])
  func nothing(text: String) {
    #expect(
      failure { () throws(JSONError) in try JSONValue(parsing: Array(text.utf8)) } == "unexpected end of JSON input")
  }

  @Test(
    "what is no JSON",
    arguments: [
      "{} {}", "{}x", "{}\0", "nul", "{a: 1}", "{'a': 1}", "[1,]", "{\"a\": 1,}", "01", "+1", ".5", "1.", "0x10", "NaN",
      "\u{feff}{}", "// comment\n{}", "\"a\nb\"", "\"\\x41\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"a\\u0000b\"",
      "{\"a\\u0000b\": 1}", "1e999", "}", "]", "[}",
    ])
  func noJSON(text: String) {
    #expect(failure { () throws(JSONError) in try JSONValue(parsing: Array(text.utf8)) } != nil)
  }

  @Test(
    "bytes that are not UTF-8",
    arguments: [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0x80]])
  func notUTF8(bytes: [UInt8]) {
    for text in [bytes, Array("\"".utf8) + bytes + Array("\"".utf8)] {
      #expect(failure { () throws(JSONError) in try JSONValue(parsing: text) } != nil)
    }
  }

  @Test("a NUL byte is not the end")
  func nulByte() {
    #expect(failure { () throws(JSONError) in try JSONValue(parsing: Array("[\"a\0b\"]".utf8)) } != nil)
    #expect(failure { () throws(JSONError) in try JSONValue(parsing: Array("[1]\0[2]".utf8)) } != nil)
  }

  @Test("every proper prefix of a configuration is an error, the whole is none")
  func truncated() throws {
    let text = try sample("bridge-check.json")
    let end = try #require(text.lastIndex(of: UInt8(ascii: "}")))
    for length in 0...end {
      #expect(
        failure { () throws(JSONError) in try JSONValue(parsing: Array(text[..<length])) } != nil, "\(length) bytes")
    }
    _ = try JSONValue(parsing: text)
  }

  @Test("every byte of a configuration may be another one")
  func flipped() throws {
    let text = try sample("bridge-check.json")
    for index in text.indices {
      for bit in 0..<8 {
        var flipped = text
        flipped[index] ^= 1 << UInt8(bit)
        // Error or not: it ends, and what was read can be written.
        if let value = try? JSONValue(parsing: flipped) {
          #expect(throws: Never.self) { try JSONValue(parsing: value.serialized(.compact)) }
        }
      }
    }
  }

  @Test("nesting has a limit, in which the stack is safe", arguments: ["[", "{\"a\":", "[{\"a\":"])
  func nesting(opening: String) {
    let deep = String(repeating: opening, count: 100_000)
    #expect(failure { () throws(JSONError) in try JSONValue(parsing: Array(deep.utf8)) }?.contains("depth") == true)
  }

  @Test("the deepest nesting that is allowed can be read, named, written and freed")
  func deepest() throws {
    // The value in the middle is a level of its own.
    let depth = 2046
    let text = String(repeating: "[", count: depth) + "[true]" + String(repeating: "]", count: depth)
    var value = try json(text)
    while value.kind == .array { value = try [JSONValue](json: value)[0] }
    #expect(value.path == String(repeating: "[0]", count: depth + 1))
    #expect(try json(text).serialized(.compact) == Array(text.utf8))
  }

  @Test("ten mebibytes are fine")
  func huge() throws {
    let filler = String(repeating: "x", count: 10 << 20)
    let value = try json("{\"name\": \"huge\", \"filler\": \"\(filler)\"}")
    #expect(try value.value("filler", as: String.self).utf8.count == 10 << 20)

    let list = "[" + String(repeating: "1234567,", count: 10 << 17) + "1]"
    #expect(try [Int](json: json(list)).count == (10 << 17) + 1)
  }
}

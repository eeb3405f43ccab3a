import JSON
import Testing

@Suite("Writing")
struct WritingTests {
  private func text(_ node: borrowing JSONNode, _ style: JSONStyle) -> String {
    String(decoding: node.serialized(style), as: UTF8.self)
  }

  @Test("keeps the order of the members, compact and indented")
  func styles() {
    var inner = JSONNode.object()
    inner.set("name", .string("eth0"))
    inner.set("index", .integer(0))
    var list = JSONNode.array()
    list.append(inner)
    list.append(.boolean(true))
    list.append(.null())
    var object = JSONNode.object()
    object.set("z", .integer(-1))
    object.set("a", list)
    object.set("empty", .object())

    #expect(text(object, .compact) == #"{"z":-1,"a":[{"name":"eth0","index":0},true,null],"empty":{}}"#)
    #expect(
      text(object, .indented) == """
        {
            "z": -1,
            "a": [
                {
                    "name": "eth0",
                    "index": 0
                },
                true,
                null
            ],
            "empty": {}
        }
        """)
  }

  @Test("a member that is set again is replaced in its place")
  func replaced() {
    var object = JSONNode.object()
    object.set("a", .integer(1))
    object.set("b", .integer(2))
    object.set("a", .string("x"))
    #expect(text(object, .compact) == #"{"a":"x","b":2}"#)
  }

  @Test(
    "strings of any characters come back",
    arguments: ["", "a\"b\\c/d", "bücher 😀", "a\0b", "\u{1}\u{1f}\u{7f}\n", "<&>"])
  func strings(string: String) throws {
    let written = JSONNode.strings([string]).serialized(.compact)
    if string.utf8.contains(0) {
      // It is written as JSON has it, and refused by our own reading as everywhere.
      #expect(String(decoding: written, as: UTF8.self) == #"["a\u0000b"]"#)
    } else {
      #expect(try [String](json: JSONValue(parsing: written)) == [string])
    }
  }

  @Test("scalars are values too")
  func scalars() {
    #expect(text(.string("x"), .compact) == "\"x\"")
    #expect(text(.integer(.min), .compact) == "-9223372036854775808")
    #expect(text(.null(), .indented) == "null")
  }

  @Test("a copy of a parsed value can be built into another, and outlives it")
  func copies() throws {
    func copy() throws -> JSONNode {
      let parsed = try json(#"{"b": [1, 2.5, "x"], "a": {}}"#)
      var object = JSONNode.object()
      object.set("copy", .copy(of: parsed))
      return object
    }
    #expect(text(try copy(), .compact) == #"{"copy":{"b":[1,2.5,"x"],"a":{}}}"#)
  }

  @Test("a configuration survives a way through the writer")
  func roundTrip() throws {
    let value = try JSONValue(parsing: sample("bridge-check.json"))
    let compact = value.serialized(.compact)
    #expect(try JSONValue(parsing: compact).serialized(.indented) == value.serialized(.indented))
    #expect(!compact.contains(UInt8(ascii: "\n")))
  }
}

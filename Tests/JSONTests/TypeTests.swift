import JSON
import Testing

@Suite("Types")
struct TypeTests {
  @Test("each type reads its own values and refuses the others")
  func mismatches() throws {
    let value = try json(#"{"o": {}, "a": [], "s": "x", "i": 1, "r": 1.5, "t": true, "f": false}"#)
    let words = [
      "o": "object", "a": "array", "s": "string", "i": "integer", "r": "number with a fraction or an exponent",
      "t": "boolean", "f": "boolean",
    ]
    for (key, word) in words {
      let texts = [
        "string": failure { () throws(JSONError) in try value.value(key, as: String.self) },
        "integer": failure { () throws(JSONError) in try value.value(key, as: Int.self) },
        "boolean": failure { () throws(JSONError) in try value.value(key, as: Bool.self) },
        "array": failure { () throws(JSONError) in try value.value(key, as: [String].self) },
      ]
      for (expected, text) in texts {
        #expect(text == (expected == word ? nil : "\(key): expected \(expected), found \(word)"))
      }
    }
    #expect(try value.value("t", as: Bool.self))
    #expect(try !value.value("f", as: Bool.self))
  }

  @Test("integers are integers", arguments: ["1500.0", "1.5e3", "15e2", "1500.5", #""1500""#])
  func notIntegers(text: String) throws {
    let value = try json("[\(text)]")
    #expect(failure { () throws(JSONError) in try [Int](json: value) }?.hasPrefix("[0]: expected integer, ") == true)
  }

  @Test("integers have 64 bits")
  func wide() throws {
    #expect(try json("[-9223372036854775808, 9223372036854775807]").asIntegers() == [Int.min, Int.max])
    for text in ["9223372036854775808", "-9223372036854775809", "12345678901234567890123"] {
      #expect(failure { () throws(JSONError) in try JSONValue(parsing: Array(text.utf8)) }?.contains("too big") == true)
    }
  }

  @Test("an integer must fit the type that reads it")
  func ranges() throws {
    let value = try json(#"{"vlan": 65536, "owner": -1, "last": 4294967295}"#)
    #expect(
      failure { () throws(JSONError) in try value.value("vlan", as: UInt16.self) }
        == "vlan: expected integer from 0 to 65535, found 65536")
    #expect(
      failure { () throws(JSONError) in try value.value("owner", as: UInt32.self) }
        == "owner: expected integer from 0 to 4294967295, found -1")
    #expect(try value.value("last", as: UInt32.self) == .max)
  }

  @Test("strings are what their escapes mean")
  func strings() throws {
    let text = #"["", "\u003c\u0026\u003e", "b\u00fccher", "\ud83d\ude00", "\"\\\/\b\f\n\r\t"]"#
    #expect(try [String](json: json(text)) == ["", "<&>", "bücher", "😀", "\"\\/\u{8}\u{c}\n\r\t"])
  }

  @Test("arrays may be nested, and null is no element")
  func arrays() throws {
    #expect(try [[Int]](json: json("[[1, 2], [], [3]]")) == [[1, 2], [], [3]])
    let withNull = try json(#"["a", null]"#)
    #expect(failure { () throws(JSONError) in try [String](json: withNull) } == "[1]: expected string, found null")
  }
}

extension JSONValue {
  fileprivate func asIntegers() throws(JSONError) -> [Int] { try [Int](json: self) }
}

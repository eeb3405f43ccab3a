import JSON
import Testing

@Suite("Errors")
struct ErrorTests {
  @Test("name the way to the value")
  func path() throws {
    let value = try json(#"{"ipam": {"ranges": [[], [{"subnet": "10.0.0.0/8"}, {"subnet": 5}]]}}"#)
    let ranges: [[JSONValue]] = try value.value("ipam", as: JSONValue.self).value("ranges")
    #expect(
      failure { () throws(JSONError) in try ranges[1][1].value("subnet", as: String.self) }
        == "ipam.ranges[1][1].subnet: expected string, found integer")
    #expect(
      failure { () throws(JSONError) in try ranges[1][1].value("gateway", as: String.self) }
        == "ipam.ranges[1][1].gateway: missing")
    #expect(ranges[1][0].path == "ipam.ranges[1][0]")
    #expect(value.path.isEmpty)
  }

  @Test("tell values apart that jansson has only once")
  func singletons() throws {
    let value = try json(#"{"a": true, "b": [false, true], "c": {"d": true, "e": null}}"#)
    #expect(
      failure { () throws(JSONError) in try value.value("c", as: JSONValue.self).value("d", as: Int.self) }
        == "c.d: expected integer, found boolean")
    #expect(
      failure { () throws(JSONError) in try value.value("b", as: [Int].self) }
        == "b[0]: expected integer, found boolean")
  }

  @Test("keep a strange key on one line")
  func strangeKeys() throws {
    let value = try json(#"{"cni.dev/valid-attachments": [1], "a\nb": {"": 1}}"#)
    #expect(
      failure { () throws(JSONError) in try value.value("cni.dev/valid-attachments", as: [String].self) }
        == "cni.dev/valid-attachments[0]: expected string, found integer")
    #expect(value["a\nb"]?[""]?.path == #"["a\nb"][""]"#)
  }

  @Test("refuse a value for what it says")
  func invalid() throws {
    let value = try json(#"{"ipam": {"gateway": "10.0.0.300"}}"#)
    let gateway: JSONValue = try value.value("ipam", as: JSONValue.self).value("gateway")
    let error = JSONError("invalid IP address: 10.0.0.300", at: gateway)
    #expect(error.description == "ipam.gateway: invalid IP address: 10.0.0.300")
    #expect(!error.isDecodingFailure)
  }

  @Test("of syntax carry line and column")
  func position() throws {
    let error = #expect(throws: JSONError.self) { try json("{\n  \"a\": 1,\n  \"b\" 2\n}") }
    guard case .syntax(let line, let column, let text) = error?.reason else {
      Issue.record("expected a syntax error, found \(String(describing: error))")
      return
    }
    #expect(line == 3)
    #expect(column == 7)
    #expect(!text.isEmpty)
    #expect(error?.description.hasPrefix("invalid JSON at line 3, column 7: ") == true)
    #expect(error?.isDecodingFailure == true)
  }
}

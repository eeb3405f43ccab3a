import JSON
import Testing

@Suite("Keys")
struct KeyTests {
  @Test("an exact key comes before one that differs in case")
  func exactFirst() throws {
    #expect(try json(#"{"MTU": 1, "mtu": 2, "Mtu": 3}"#).value("mtu", as: Int.self) == 2)
  }

  @Test("a key in another case is found, at every level")
  func otherCase() throws {
    let value = try json(#"{"RuntimeConfig": {"PortMappings": [{"HostPort": 8080}]}}"#)
    let mappings: [JSONValue] = try value.value("runtimeConfig", as: JSONValue.self).value("portMappings")
    #expect(try mappings[0].value("hostPort", as: Int.self) == 8080)
  }

  @Test("characters that differ in the bit of the case without being letters are not the same")
  func onlyLetters() throws {
    // '@' and '`', '[' and '{' are 0x20 apart, as are the bytes of some letters outside of ASCII.
    let value = try json(#"{"a@": 1, "a[": 2, "\u00c0": 3}"#)
    #expect(value["a`"] == nil)
    #expect(value["a{"] == nil)
    #expect(value["à"] == nil)
    #expect(try value.value("A@", as: Int.self) == 1)
  }

  @Test("null is absent, and does not hide another spelling")
  func null() throws {
    let value = try json(#"{"mtu": null, "VLAN": 5, "vlan": null}"#)
    #expect(try value.valueIfPresent("mtu", as: Int.self) == nil)
    #expect(try value.value("mtu", default: 1500) == 1500)
    #expect(value["mtu"] == nil)
    #expect(try value.value("vlan", as: Int.self) == 5)
    #expect(failure { () throws(JSONError) in try value.value("mtu", as: Int.self) } == "mtu: missing")
  }

  @Test("a key is mentioned in any case, with whatever value")
  func mentions() throws {
    let value = try json(#"{"mtu": null, "VLAN": 5}"#)
    #expect(value.mentions("mtu"))
    #expect(value.mentions("MTU"))
    #expect(value.mentions("vlan"))
    #expect(!value.mentions("vla"))
    #expect(try !json("[]").mentions("mtu"))
  }

  @Test("the last duplicate wins")
  func duplicates() throws {
    #expect(try json(#"{"a": 1, "b": 0, "a": 2}"#).value("a", as: Int.self) == 2)
    #expect(try json(#"{"A": 1, "b": 0, "a": 2, "A": 3}"#).value("aA", default: 7) == 7)
    #expect(try json(#"{"AA": 1, "Aa": 2}"#).value("aa", as: Int.self) == 2)
  }

  @Test("an empty key is a key")
  func emptyKey() throws {
    #expect(try json(#"{"": 1}"#).value("", as: Int.self) == 1)
    #expect(try json("{}").valueIfPresent("", as: Int.self) == nil)
  }

  @Test("members come in the order of the text, null ones too")
  func order() throws {
    let members = try json(#"{"z": 1, "a": null, "M": 3, "b": 4}"#).members()
    #expect(members.map { $0.key } == ["z", "a", "M", "b"])
    #expect(members.map { $0.value.isNull } == [false, true, false, false])
  }

  @Test("what is no object has no keys, and says so")
  func noObject() throws {
    for text in ["[]", "1", #""text""#, "true", "null"] {
      let value = try json(text)
      #expect(value["key"] == nil)
      let message = failure { () throws(JSONError) in try value.valueIfPresent("key", as: Int.self) }
      #expect(message == "expected object, found \(value.kind)")
    }
  }
}

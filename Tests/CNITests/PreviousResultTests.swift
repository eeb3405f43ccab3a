import CNI
import JSON
import NetworkAddresses
import Testing

@Suite("The previous result")
struct PreviousResultTests {
  /// What a plugin finds that is given a `prevResult` in a configuration of a version.
  private func previous(_ text: String, _ version: String) throws -> AttachmentResult? {
    try inCall(variables(), configuration(version, "\"prevResult\": \(text)")) { call throws(PluginError) in
      try call.previousResult()
    }
  }

  private func refusal(_ text: String, _ version: String) -> PluginError? {
    do {
      _ = try previous(text, version)
      return nil
    } catch {
      return error as? PluginError
    }
  }

  @Test("none, or null")
  func absent() throws {
    #expect(try inCall { call throws(PluginError) in try call.previousResult() } == nil)
    #expect(try previous("null", "1.1.0") == nil)
  }

  @Test("a plugin that needs one says so")
  func required() throws {
    #expect(throws: PluginError("Required prevResult missing")) {
      try inCall { call throws(PluginError) in try call.requiredPreviousResult() }
    }
    #expect(throws: PluginError("must be called as chained plugin")) {
      try inCall { call throws(PluginError) in
        try call.requiredPreviousResult("must be called as chained plugin")
      }
    }
  }

  @Test("an empty object is one")
  func empty() throws {
    #expect(try previous("{}", "1.1.0") == AttachmentResult())
  }

  @Test("its version may be absent, empty, or any of the configuration's family", arguments: SpecVersion.allCases)
  func family(version: SpecVersion) throws {
    let addresses =
      version.family == .v0_2
      ? #""ip4": {"ip": "10.1.0.5/16"}"# : #""ips": [{"address": "10.1.0.5/16"}]"#
    let expected = AttachmentResult(addresses: [AttachmentAddress(address: cidr("10.1.0.5/16"))])
    #expect(try previous("{\(addresses)}", version.rawValue) == expected)
    #expect(try previous("{\"cniVersion\": \"\", \(addresses)}", version.rawValue) == expected)
    #expect(try previous("{\"cniVersion\": null, \(addresses)}", version.rawValue) == expected)
    for other in SpecVersion.allCases {
      let text = "{\"cniVersion\": \"\(other)\", \(addresses)}"
      if other.family == version.family {
        #expect(try previous(text, version.rawValue) == expected)
      } else {
        #expect(refusal(text, version.rawValue) != nil)
      }
    }
  }

  @Test(
    "another family's is refused with the reference's words",
    arguments: [
      ("1.1.0", "0.4.0", "[1.0.0 1.1.0]"), ("1.0.0", "9.9.9", "[1.0.0 1.1.0]"),
      ("0.3.1", "1.0.0", "[0.3.0 0.3.1 0.4.0]"), ("0.2.0", "0.3.0", "[ 0.1.0 0.2.0]"),
    ])
  func otherFamily(configured: String, own: String, listing: String) {
    #expect(
      refusal("{\"cniVersion\": \"\(own)\"}", configured)?.message
        == "could not parse prevResult: result type supports \(listing) but unmarshalled CNIVersion is \"\(own)\"")
  }

  @Test("what is wrong in it is named with its place")
  func wrong() {
    #expect(
      refusal(#"{"ips": [{"address": "10.1.0.5"}]}"#, "1.0.0")?.message
        == "could not parse prevResult: prevResult.ips[0].address: invalid CIDR address: 10.1.0.5")
    #expect(refusal("[]", "1.0.0")?.message == "could not parse prevResult: prevResult: expected object, found array")
    #expect(refusal("5", "0.2.0")?.code == .decoding)
  }

  @Test("a chained plugin of 0.3.1 and 0.4.0 prints what it got", arguments: ["0.3.1", "0.4.0"])
  func chained(version: String) throws {
    let previous =
      #"{"cniVersion":"0.3.1","interfaces":[{"name":"eth0","sandbox":"/run/netns/x"}],"#
      + #""ips":[{"version":"4","interface":0,"address":"10.1.0.2/24","gateway":"10.1.0.1"}],"dns":{}}"#
    let plugin = FakePlugin(onAdd: { call throws(PluginError) in try call.requiredPreviousResult() })
    let outcome = call(variables(), configuration(version, "\"prevResult\": \(previous)"), [plugin])
    #expect(outcome.status == 0)
    #expect(
      try JSONValue(parsing: outcome.output).serialized(.compact)
        == Array(previous.replacing(#""cniVersion":"0.3.1""#, with: "\"cniVersion\":\"\(version)\"").utf8))
  }
}

import CNI
import NetworkAddresses
import Testing

@Suite("CNI_ARGS")
struct ArgumentsTests {
  private func refusal(_ text: String, known: [String] = []) -> String? {
    do throws(PluginError) {
      _ = try Arguments(parsing: text, known: known)
      return nil
    } catch {
      return error.message
    }
  }

  @Test("nothing")
  func nothing() throws {
    #expect(try Arguments(parsing: "")["IP"] == nil)
  }

  @Test("what Kubernetes' runtimes send, in any order")
  func kubernetes() throws {
    let pairs = ["IgnoreUnknown=1", "K8S_POD_NAMESPACE=default", "K8S_POD_NAME=web-0", "IP=10.1.0.7"]
    for shift in pairs.indices {
      let text = (pairs[shift...] + pairs[..<shift]).joined(separator: ";")
      #expect(try Arguments(parsing: text)["IP"] == "10.1.0.7")
      #expect(try Arguments(parsing: text, known: ["K8S_POD_NAME"])["K8S_POD_NAME"] == "web-0")
    }
  }

  @Test("every plugin knows what is for another one")
  func shared() throws {
    let arguments = try Arguments(parsing: "MAC=00:11:22:33:44:55;IP=10.1.0.7;GATEWAY=10.1.0.1")
    #expect(
      try arguments.value("MAC", as: MACAddress.self, expected: "MAC address")?.description == "00:11:22:33:44:55")
    #expect(try arguments.value("IP", as: IPAddress.self, expected: "IP address") == IPAddress("10.1.0.7"))
    #expect(arguments["GATEWAY"] == "10.1.0.1")
  }

  @Test("unknown keys are said together, as they were written")
  func unknown() {
    #expect(refusal("K=V;IP=10.1.0.7;K2=V2") == #"ARGS: unknown args ["K=V" "K2=V2"]"#)
    #expect(refusal("K=V;IgnoreUnknown=0") == #"ARGS: unknown args ["K=V"]"#)
    #expect(refusal("ip=10.1.0.7") == #"ARGS: unknown args ["ip=10.1.0.7"]"#)
    #expect(refusal("K=V;IgnoreUnknown=TRUE") == nil)
    #expect(refusal("K=V;IgnoreUnknown=1;IgnoreUnknown=false") == #"ARGS: unknown args ["K=V"]"#)
  }

  @Test(
    "what is no pair",
    arguments: [
      ("none", "none"), ("IP=1=2", "IP=1=2"), ("IP=10.1.0.7,MAC=x", "IP=10.1.0.7,MAC=x"),
      (";IP=x", ""), (";", ""), ("IP=x;;MAC=y", ""), ("IP=x;;", ""), ("a\"b\n", "a\\\"b\\n"),
    ])
  func noPair(text: String, piece: String) {
    #expect(refusal(text) == "ARGS: invalid pair \"\(piece)\"")
  }

  @Test("a semicolon at the end is none too many")
  func trailing() throws {
    #expect(try Arguments(parsing: "IP=10.1.0.7;")["IP"] == "10.1.0.7")
  }

  @Test("booleans", arguments: ["1", "true", "True", "TRUE", "0", "false", "False"])
  func booleans(text: String) {
    #expect(refusal("IgnoreUnknown=\(text)") == nil)
  }

  @Test("what is no boolean", arguments: ["", "2", "Yes", "truee"])
  func noBoolean(text: String) {
    #expect(
      refusal("IgnoreUnknown=\(text)")
        == "ARGS: error parsing value of pair \"IgnoreUnknown=\(text)\": "
        + "boolean unmarshal error: invalid input \(text.lowercased())")
  }

  @Test("a value that cannot be read names its pair; an empty one is none; of several the last counts")
  func values() throws {
    let error = #expect(throws: PluginError.self) {
      try Arguments(parsing: "IP=10.1.0.300").value("IP", as: IPAddress.self, expected: "IP address")
    }
    #expect(error?.message == #"ARGS: error parsing value of pair "IP=10.1.0.300": invalid IP address: 10.1.0.300"#)
    #expect(try Arguments(parsing: "IP=").value("IP", as: IPAddress.self, expected: "IP address") == nil)
    #expect(try Arguments(parsing: "IP=a;IP=b")["IP"] == "b")
  }
}

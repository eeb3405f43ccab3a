import CNI
import JSON
import Testing

@Suite("Order of checks")
struct OrderOfChecksTests {
  private func refusal(of input: String, _ variables: [String: String] = variables()) throws -> PluginError {
    let plugin = FakePlugin()
    let outcome = call(variables, input, [plugin])
    #expect(outcome.status == 1)
    #expect(plugin.log.commands.isEmpty)
    return try outcome.error()
  }

  @Test("variables come before stdin")
  func variablesFirst() {
    #expect(call(variables("ADD", ["CNI_IFNAME": nil]), nil).reads == 0)
  }

  @Test("stdin that cannot be read")
  func unreadable() throws {
    #expect(try call(variables(), nil).error() == PluginError(.io, "error reading from stdin: input/output error"))
  }

  @Test("stdin that is no object")
  func syntax() throws {
    #expect(
      try refusal(of: "")
        == PluginError(.decoding, "error unmarshall network config: unexpected end of JSON input"))
    for input in ["[]", "5", "\"name\"", "true", "{", "{} {}", "\0", "\u{feff}{}"] {
      let error = try refusal(of: input)
      #expect(error.code == .decoding)
      #expect(error.message.hasPrefix("error unmarshall network config: "))
    }
  }

  @Test("the network's name")
  func name() throws {
    for input in ["null", "{}", #"{"name": null}"#, #"{"name": ""}"#] {
      #expect(try refusal(of: input) == PluginError(.invalidConfiguration, "missing network name"))
    }
    for name in ["1234%%%", "a/b", "..", "a b", "a\\n", "-a"] {
      let refused = try refusal(of: #"{"name": "\#(name)"}"#)
      #expect(refused.code == .invalidConfiguration)
      #expect(refused.message == "invalid characters found in network name")
    }
    #expect(try refusal(of: #"{"name": "a/b"}"#).details == "a/b")
    #expect(
      try refusal(of: #"{"name": 5}"#)
        == PluginError(.decoding, "error unmarshall network config: name: expected string, found integer"))
  }

  @Test("an unknown command is said after the configuration's faults", arguments: ["NOPE", "add", "ADD "])
  func unknownCommand(command: String) throws {
    #expect(try refusal(of: "", variables(command)).code == .decoding)
    #expect(try refusal(of: "{}", variables(command)).code == .invalidConfiguration)
    #expect(
      try refusal(of: configuration("9.9.9"), variables(command))
        == PluginError(.invalidEnvironment, "unknown CNI_COMMAND: \(command)"))
    // It needs no variable, but the path.
    #expect(
      try refusal(of: configuration(), ["CNI_COMMAND": command, "CNI_PATH": "/nowhere"]).message
        == "unknown CNI_COMMAND: \(command)")
  }

  @Test("a version that is no string")
  func versionType() throws {
    for command in ["ADD", "DEL", "CHECK", "GC", "STATUS"] {
      #expect(
        try refusal(of: #"{"name": "blue", "cniVersion": 1}"#, variables(command))
          == PluginError(.decoding, "decoding version from network config: cniVersion: expected string, found integer"))
    }
  }

  @Test("keys in any case are as good as the exact ones")
  func keyCase() {
    #expect(call(variables(), #"{"CNIVERSION": "0.4.0", "Name": "blue"}"#).text.contains("\"0.4.0\""))
  }

  @Test("what a plugin throws is the answer, unchanged")
  func pluginError() throws {
    let thrown = PluginError(ErrorCode(rawValue: 1234), "it is broken", details: "very")
    for command in ["ADD", "DEL", "CHECK", "GC", "STATUS"] {
      let outcome = call(
        variables(command), configuration(), [FakePlugin(onCall: { _ throws(PluginError) in throw thrown })])
      #expect(outcome.status == 1)
      #expect(try outcome.error() == thrown)
    }
  }

  @Test("each verb calls its own function, and prints nothing but for ADD")
  func verbs() {
    let commands: [(String, CNI.Command)] = [
      ("ADD", .add), ("DEL", .delete), ("CHECK", .check), ("GC", .collectGarbage), ("STATUS", .status),
    ]
    for (text, command) in commands {
      let plugin = FakePlugin()
      let outcome = call(variables(text), configuration(), [plugin])
      #expect(outcome.status == 0)
      #expect(plugin.log.commands == [command])
      #expect(outcome.writes == (command == .add ? 1 : 0))
    }
  }
}

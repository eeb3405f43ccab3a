import CNI
import JSON
import LinuxSystem
import NetworkAddresses
import SystemPackage
import Testing

@Suite("Output")
struct OutputTests {
  @Test("an error object has the version of the request, or the newest where that is not known")
  func errorVersion() throws {
    func version(_ input: String, _ command: String = "ADD") throws -> String {
      let plugin = FakePlugin(onCall: { _ throws(PluginError) in throw PluginError("broken") })
      return try JSONValue(parsing: call(variables(command), input, [plugin]).output).value("cniVersion")
    }
    #expect(try version(configuration("0.4.0")) == "0.4.0")
    #expect(try version(#"{"name": "blue"}"#) == "0.1.0")
    #expect(try version(configuration("9.9.9")) == "1.1.0")
    #expect(try version("") == "1.1.0")
    #expect(try version(configuration("1.0.0"), "NOPE") == "1.1.0")
  }

  @Test("an error object is indented, its details left out where there are none")
  func errorShape() {
    #expect(
      call(variables("STATUS"), #"{"cniVersion": "1.1.0"}"#).text == """
        {
            "cniVersion": "1.1.0",
            "code": 7,
            "msg": "missing network name"
        }
        """)
    #expect(
      String(decoding: PluginError(.tryAgain, "a\nb", details: "c").encode(as: .v1_0_0), as: UTF8.self) == """
        {
            "cniVersion": "1.0.0",
            "code": 11,
            "msg": "a\\nb",
            "details": "c"
        }
        """)
    #expect(
      !String(decoding: PluginError(.io, "a", details: "").encode(as: .v1_0_0), as: UTF8.self).contains("details"))
  }

  @Test("an error reads as message and details, and keeps its code on the way up")
  func errorText() {
    #expect(PluginError(.io, "a", details: "b").description == "a; b")
    #expect(PluginError("a").description == "a")
    #expect(PluginError("a").code == .internal)
    let error = PluginError(.tryAgain, "no lock", details: "held").during("failed to add")
    #expect(error == PluginError(.tryAgain, "failed to add: no lock", details: "held"))
    #expect(
      PluginError(SystemError("open", .noSuchFileOrDirectory, on: "/x"))
        == PluginError(#"open "/x": no such file or directory"#))
  }

  @Test("a result that its version cannot tell is an ADD undone")
  func untellable() throws {
    let plugin = FakePlugin(result: AttachmentResult(interfaces: [AttachmentInterface(name: "eth0")]))
    let outcome = call(variables(), configuration("0.2.0"), [plugin])
    #expect(outcome.status == 1)
    #expect(outcome.writes == 1)
    #expect(try outcome.error() == PluginError("cannot convert: no valid IP addresses"))
    #expect(plugin.log.commands == [.add, .delete])
    #expect(call(variables(), configuration("0.3.0"), [plugin]).status == 0)
  }

  @Test("stdout that cannot be written is a failure that stderr tells")
  func unwritable() {
    var log = ""
    let dispatcher = Dispatcher(
      invocation: "fake", plugins: PluginTable([FakePlugin()]), softwareVersion: "",
      environment: Environment(variables().map { ($0.key, $0.value) }),
      input: { () throws(SystemError) in Array(configuration().utf8) },
      output: { _ throws(SystemError) in throw SystemError("write", .brokenPipe, on: "stdout") },
      log: { log += $0 })
    #expect(dispatcher.run() == 1)
    #expect(log == "fake: write \"stdout\": broken pipe\n")
  }

  @Test("an attachment that nobody can be told of is removed")
  func lostResult() {
    func commands(_ command: String) -> [CNI.Command] {
      let plugin = FakePlugin()
      let dispatcher = Dispatcher(
        invocation: "fake", plugins: PluginTable([plugin]), softwareVersion: "",
        environment: Environment(variables(command).map { ($0.key, $0.value) }),
        input: { () throws(SystemError) in Array(configuration().utf8) },
        output: { _ throws(SystemError) in throw SystemError("write", .noSpace, on: "stdout") }, log: { _ in })
      _ = dispatcher.run()
      return plugin.log.commands
    }
    #expect(commands("ADD") == [.add, .delete])
    #expect(commands("DEL") == [.delete])
    #expect(commands("CHECK") == [.check])
  }

  /// Whatever comes in, what goes out is one JSON document or nothing, written once, and the exit status says which.
  private func expectOneDocument(
    _ variables: [String: String], _ input: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let outcome = call(variables, input)
    let object = try? JSONValue(parsing: outcome.output)
    let command = variables["CNI_COMMAND"] ?? ""
    let isSound =
      switch outcome.status {
      case 0 where command == "ADD": outcome.writes == 1 && object?["cniVersion"] != nil && object?["code"] == nil
      case 0 where command == "VERSION": outcome.writes == 1 && object?["supportedVersions"] != nil
      case 0: outcome.writes == 0
      case 1: outcome.writes == 1 && object?["code"] != nil && object?["msg"] != nil
      default: false
      }
    #expect(isSound, "\(variables) \(input) \(outcome.status) \(outcome.text)", sourceLocation: sourceLocation)
  }

  private static let commands = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION", "NOPE"]
  private static let sample =
    #"{"cniVersion":"1.1.0","name":"n","ipam":{"type":"x"},"dns":{"search":["a\u00e9"]},"cni.dev/attachments":null}"#

  @Test("stdout is one document or nothing: each prefix", arguments: commands)
  func prefixes(command: String) {
    let sample = Array(Self.sample.utf8)
    for length in 0...sample.count { expectOneDocument(variables(command), Array(sample[..<length])) }
  }

  @Test("stdout is one document or nothing: each bit flipped", arguments: commands)
  func flips(command: String) {
    let sample = Array(Self.sample.utf8)
    for index in sample.indices {
      for bit in 0..<8 {
        var flipped = sample
        flipped[index] ^= 1 << UInt8(bit)
        expectOneDocument(variables(command), flipped)
      }
    }
  }

  @Test("stdout is one document or nothing: noise", arguments: commands)
  func noise(command: String) {
    // A seed, so that a failure can be had again.
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func random() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    let tokens = [
      "{", "}", "[", "]", ",", ":", "\"name\"", "\"n\"", "\"cniVersion\"", "\"1.1.0\"", "null", "1", "1.5", "true",
      "\\", "\"",
      " ", "\0", "\u{fffd}",
    ]
    for _ in 0..<500 {
      let text = (0..<random() % 12).map { _ in tokens[Int(random() % UInt64(tokens.count))] }.joined()
      var variables = variables(command)
      for name in variables.keys.sorted() where name != "CNI_COMMAND" && random() % 8 == 0 {
        variables[name] = text.filter { $0 != "\0" }
      }
      expectOneDocument(variables, Array(text.utf8))
    }
  }
}

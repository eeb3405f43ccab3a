import CNI
import NetworkAddresses
import TestSupport
import Testing

@Suite("A delegate of this executable")
struct OwnDelegateTests {
  private let directory: TemporaryDirectory
  private let environment: [String: String]

  init() throws {
    directory = try TemporaryDirectory()
    try directory.link("host-local")
    environment = variables("ADD", ["CNI_PATH": directory.path])
  }

  /// A plugin that hands everything on.
  private func main(_ log: CallLog = CallLog()) -> FakePlugin {
    FakePlugin(
      log: log,
      onCall: { call throws(PluginError) in
        let delegate = try Delegate.find("host-local", for: call)
        switch call.command {
        case .add, .version: break
        case .delete: try delegate.delete(call)
        case .check: try delegate.check(call)
        case .collectGarbage: try delegate.collectGarbage(call)
        case .status: try delegate.status(call)
        }
      },
      onAdd: { call throws(PluginError) in try Delegate.find("host-local", for: call).add(call) })
  }

  @Test("is called in the process with the same call", arguments: ["ADD", "DEL", "CHECK", "GC", "STATUS"])
  func called(command: String) throws {
    let ipam = FakePlugin(name: "host-local")
    let mainLog = CallLog()
    let changed = environment.merging(["CNI_COMMAND": command]) { $1 }
    let outcome = call(changed, configuration("1.1.0", "\"ipam\": {}"), [main(mainLog), ipam])
    #expect(outcome.status == 0, "\(outcome.text)")
    let (outer, inner) = (try #require(mainLog.all.first), try #require(ipam.log.all.first))
    #expect(ipam.log.all.count == 1)
    #expect(inner.command == outer.command)
    #expect(inner.input == outer.input)
    #expect(inner.attachment == outer.attachment)
    #expect(inner.namespacePath == outer.namespacePath)
    #expect(inner.version == outer.version)
    if command == "ADD" { #expect(outcome.text.contains("10.1.0.2/24")) }
  }

  @Test("errors come through unchanged, and an ADD can be undone with DEL")
  func errors() throws {
    let thrown = PluginError(.tryAgain, "no addresses", details: "10.1.0.0/30")
    let ipam = FakePlugin(name: "host-local", onCall: { _ throws(PluginError) in throw thrown })
    let main = FakePlugin(onAdd: { call throws(PluginError) in
      let delegate = try Delegate.find("host-local", for: call)
      do throws(PluginError) {
        return try delegate.add(call)
      } catch {
        delegate.undoAdd(call)
        throw error
      }
    })
    #expect(try call(environment, configuration(), [main, ipam]).error() == thrown)
    #expect(ipam.log.commands == [.add, .delete])
  }

  @Test("must speak the configuration's version")
  func version() throws {
    let ipam = FakePlugin(name: "host-local", supportedVersions: [.v1_0_0])
    #expect(
      try call(environment, configuration("1.1.0"), [main(), ipam]).error()
        == PluginError(
          .incompatibleVersion, "incompatible CNI versions", details: #"config is "1.1.0", plugin supports ["1.0.0"]"#))
    #expect(ipam.log.commands.isEmpty)
  }

  @Test("has no more to say than if it had been executed")
  func reduced() throws {
    let ipam = FakePlugin(name: "host-local", result: ResultShapeTests.full)
    func add(_ version: String) throws -> AttachmentResult {
      try inCall(environment, configuration(version), others: [ipam]) { call throws(PluginError) in
        try Delegate.find("host-local", for: call).add(call)
      }
    }
    #expect(try add("1.1.0") == ResultShapeTests.full)
    #expect(try add("0.4.0").interfaces.allSatisfy { $0.mtu == nil && $0.pciID == nil && $0.socketPath == nil })
    #expect(try add("0.4.0").routes == ResultShapeTests.full.routes)
    #expect(try add("0.2.0").addresses.map { $0.address.description } == ["10.1.0.5/16", "fd00::5/64"])
    #expect(try add("0.2.0").interfaces.isEmpty)

    let nothing = FakePlugin(name: "host-local", result: AttachmentResult())
    #expect(throws: PluginError("cannot convert: no valid IP addresses")) {
      try inCall(environment, configuration("0.2.0"), others: [nothing]) { call throws(PluginError) in
        try Delegate.find("host-local", for: call).add(call)
      }
    }
  }

  @Test("that delegates to itself is an error and not the end of the stack")
  func recursion() throws {
    let log = CallLog()
    var main = main(log)
    main.name = "host-local"
    let outcome = call(environment, configuration(), [main], invocation: "host-local")
    #expect(try outcome.error() == PluginError(.invalidConfiguration, #"plugin "host-local" is a delegate of itself"#))
    #expect(log.commands.count < 10)
  }
}

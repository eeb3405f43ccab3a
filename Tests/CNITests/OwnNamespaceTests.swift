import CLinux
import CNI
import TestSupport
import Testing

@Suite("The plugin's own namespace")
struct OwnNamespaceTests {
  private static let own = "/proc/\(getpid())/ns/net"
  private static let refusal = PluginError(
    .invalidNamespace, "plugin's netns and netns from CNI_NETNS should not be the same")

  @Test("is refused before the work, with one document on stdout", arguments: ["ADD", "DEL"])
  func refused(command: String) throws {
    let plugin = FakePlugin()
    for override in [nil, "", "0", "false", "yes"] as [String?] {
      let outcome = call(
        variables(command, ["CNI_NETNS": Self.own, "CNI_NETNS_OVERRIDE": override]), configuration(), [plugin])
      #expect(outcome.status == 1)
      #expect(outcome.writes == 1)
      #expect(try outcome.error() == Self.refusal)
    }
    #expect(plugin.log.commands.isEmpty)
  }

  @Test("is looked at last: what is wrong with the configuration comes first")
  func last() throws {
    #expect(
      try call(variables("ADD", ["CNI_NETNS": Self.own]), configuration("9.9.9")).error().code == .incompatibleVersion)
  }

  @Test("is fine when the runtime says so", arguments: ["1", "true", "TRUE", "True"])
  func override(value: String) {
    for command in ["ADD", "DEL"] {
      #expect(call(variables(command, ["CNI_NETNS": Self.own, "CNI_NETNS_OVERRIDE": value])).status == 0)
    }
  }

  @Test("is fine for the other verbs", arguments: ["CHECK", "GC", "STATUS"])
  func otherVerbs(command: String) {
    #expect(call(variables(command, ["CNI_NETNS": Self.own])).status == 0)
  }

  @Test("is no other namespace")
  func other() throws {
    let namespace = try TestNamespace()
    let plugin = FakePlugin()
    #expect(call(variables("ADD", ["CNI_NETNS": namespace.path]), configuration(), [plugin]).status == 0)
    #expect(plugin.log.commands == [.add])
  }

  @Test(
    "is not what cannot be opened, or is no namespace",
    arguments: ["/nowhere", "/tmp", "/proc/self/exe", "/proc/self/ns/uts"])
  func noNamespace(path: String) {
    for command in ["ADD", "DEL"] { #expect(call(variables(command, ["CNI_NETNS": path])).status == 0) }
  }

  @Test("DEL needs none")
  func empty() {
    #expect(call(variables("DEL", ["CNI_NETNS": nil])).status == 0)
  }
}

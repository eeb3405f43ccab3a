import CNI
import JSON
import LinuxSystem
import Plugins
import TestSupport
import Testing

/// Where one plugin lives must be obvious: each has the same four places. See `docs/adding-a-plugin.md`.
@Suite("The table of plugins")
struct PluginTableTests {
  static let names = PluginTable.standard.names

  @Test("A plugin has a folder of its own, whose main file has its name", arguments: names)
  func folder(of name: String) throws {
    let type = try typeName(of: name)
    let places = ["Main", "IPAM", "Meta"].map { "Sources/Plugins/\($0)/\(type)/\(type).swift" }
    #expect(places.count(where: exists) == 1, "one of \(places)")
  }

  @Test("A plugin has a configuration to copy, in which it is called", arguments: names)
  func configuration(of name: String) throws {
    let json = try JSONValue(parsing: readFile("\(Peers.root)/conf/\(name).conflist"))
    let plugins: [JSONValue] = try json.value("plugins")
    let called = try plugins.flatMap { plugin in
      let ipam = try plugin.valueIfPresent("ipam", as: JSONValue.self)
      return [try plugin.value("type", as: String.self), try ipam?.value("type", as: String.self)]
    }
    #expect(called.contains(name))
  }

  @Test("A plugin has fixtures", arguments: names)
  func fixtures(of name: String) {
    let cases = (try? namesInDirectory("\(Peers.root)/testdata/plugins/\(name)")) ?? []
    #expect(cases.contains { exists("testdata/plugins/\(name)/\($0)/config.json") })
  }

  @Test("A plugin has tests of its own", arguments: names)
  func tests(of name: String) throws {
    #expect(exists("Tests/PluginsTests/\(try typeName(of: name))Tests.swift"))
  }

  @Test("A name stands for one plugin, and finds it")
  func lookup() {
    #expect(Set(Self.names).count == Self.names.count)
    for name in Self.names { #expect(PluginTable.standard[name]?.name == name) }
    #expect(PluginTable.standard["no-such-plugin"] == nil)
  }

  @Test("Nothing but plugins is where plugins are looked for")
  func strangers() throws {
    let types = Set(try Self.names.map(typeName))
    for kind in ["Main", "IPAM", "Meta"] {
      let folders = ((try? namesInDirectory("\(Peers.root)/Sources/Plugins/\(kind)")) ?? []).filter {
        !$0.contains(".")
      }
      #expect(types.isSuperset(of: folders), "in Sources/Plugins/\(kind)")
    }
    let configurations = try namesInDirectory("\(Peers.root)/conf").filter { $0.hasSuffix(".conflist") }
    #expect(Set(configurations) == Set(Self.names.map { "\($0).conflist" }))
  }

  /// The name of a plugin in Swift, which its files have, too: `HostLocal`.
  private func typeName(of name: String) throws -> String {
    "\(type(of: try #require(PluginTable.standard[name])))"
  }

  private func exists(_ path: String) -> Bool { (try? fileStatus("\(Peers.root)/\(path)")) != nil }
}

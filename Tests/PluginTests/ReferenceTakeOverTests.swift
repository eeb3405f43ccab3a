import TestSupport
import Testing

/// A node changes over to ours while containers run: what the reference made is removed by our DEL, and what the others have
/// stays.
@Suite("Take-over from the reference")
struct ReferenceTakeOverTests {
  private let host: Host
  private let container: Container

  init() throws {
    try Privileges.require(.systemAdministration)
    host = try Host()
    container = try host.makeContainer("c2")
    try host.makeContainer("c3")
  }

  /// The plugins of the network, in the order of ADD, each with its keys. The number is the container's, and the end of
  /// its addresses and ports. The firewall of the reference knows no nf_tables.
  private func plugins(_ number: Int, backend: String) -> [(name: String, keys: String)] {
    [
      (
        "bridge",
        """
        "bridge": "br0", "isGateway": true, "ipMasq": true, "ipMasqBackend": "\(backend)", "macspoofchk": true, \
        "ipam": {"type": "static", "addresses": [\
        {"address": "10.1.0.\(number)/24", "gateway": "10.1.0.1"}, {"address": "fd01::\(number)/64"}]}
        """
      ),
      (
        "portmap",
        """
        "backend": "\(backend)", "runtimeConfig": {"portMappings": [\
        {"hostPort": \(8080 + number), "containerPort": 80, "protocol": "tcp"}, \
        {"hostPort": \(9090 + number), "containerPort": 90, "protocol": "udp", "hostIP": "192.0.2.7"}]}
        """
      ),
      ("firewall", #""backend": "iptables""#),
    ]
  }

  /// Calls a plugin, and expects that it succeeds.
  private func call(
    _ command: String, _ number: Int, _ plugin: (name: String, keys: String), result: String?,
    of plugins: PluginDirectory
  ) throws -> String {
    let previous = result.map { #", "prevResult": \#($0)"# } ?? ""
    let configuration =
      #"{"cniVersion": "1.0.0", "name": "net1", "type": "\#(plugin.name)", \#(plugin.keys)\#(previous)}"#
    let call = PluginCall(
      command, plugin.name, configuration.utf8,
      environment: ["CNI_CONTAINERID": "c\(number)", "CNI_NETNS": "/run/netns/c\(number)"], in: plugins)
    let outcome = try call.run(in: host)
    #expect(outcome.status == 0, "\(command) \(plugin.name): \(outcome)")
    return outcome.text
  }

  /// Adds a container to the network.
  ///
  /// - Returns: The result, which a runtime gives to CHECK and DEL.
  private func add(_ number: Int, backend: String, by plugins: PluginDirectory) throws -> String {
    var result: String?
    for plugin in self.plugins(number, backend: backend) {
      result = try call("ADD", number, plugin, result: result, of: plugins)
    }
    return try #require(result)
  }

  /// Whether CHECK of ours finds nothing wrong, with the backends of the configuration or with those that ours have where
  /// none is named.
  private func check(
    _ name: String, backend: String, namesBackend: Bool, result: String
  ) throws -> Bool {
    var plugin = try #require(plugins(2, backend: backend).first { $0.name == name })
    if !namesBackend { plugin.keys.replace(/"backend": "[a-z]*"(, )?/, with: "") }
    let keys = plugin.keys.isEmpty ? "" : plugin.keys + ","
    let configuration =
      #"{"cniVersion": "1.0.0", "name": "net1", "type": "\#(name)", \#(keys) "prevResult": \#(result)}"#
    let call = PluginCall(
      "CHECK", name, configuration.utf8, environment: ["CNI_CONTAINERID": "c2", "CNI_NETNS": "/run/netns/c2"],
      in: Peers.plugins)
    return try call.run(in: host).status == 0
  }

  private func delete(_ number: Int, backend: String, result: String?, by plugins: PluginDirectory) throws {
    for plugin in self.plugins(number, backend: backend).reversed() {
      _ = try call("DEL", number, plugin, result: result, of: plugins)
    }
  }

  /// The rules, without how many packets each has seen.
  private func rules() throws -> [Substring] {
    let outcome = try host.run(Program("/usr/sbin/nft", ["--stateless", "list", "ruleset"]))
    #expect(outcome.status == 0, "\(outcome)")
    return outcome.text.split(separator: "\n")
  }

  @Test(
    "CHECK of ours finds a container of the reference in order, as long as its rules are there",
    arguments: ["iptables", "nftables"], [true, false])
  func checked(_ backend: String, _ namesBackend: Bool) throws {
    let other = try add(3, backend: backend, by: Peers.plugins)
    let result = try add(2, backend: backend, by: Peers.referencePlugins)
    for name in ["portmap", "firewall"] {
      #expect(try check(name, backend: backend, namesBackend: namesBackend, result: result), "\(name)")
      let plugin = try #require(plugins(2, backend: backend).first { $0.name == name })
      _ = try call("DEL", 2, plugin, result: result, of: Peers.referencePlugins)
      #expect(try !check(name, backend: backend, namesBackend: namesBackend, result: result), "\(name)")
    }
    try delete(3, backend: backend, result: other, by: Peers.plugins)
  }

  /// What DEL is told: the result, as mostly; the result where the namespace is gone; nothing.
  enum Knowledge: CaseIterable { case everything, noNamespace, noResult }

  @Test(
    "No rule of the container is left, and all of another one",
    arguments: ["iptables", "nftables"], Knowledge.allCases)
  func deleted(_ backend: String, _ knowledge: Knowledge) throws {
    // The other one is ours, in the same chains where it is iptables that makes them.
    let other = try add(3, backend: backend, by: Peers.plugins)
    // What all containers share stays after the first.
    let first = try add(2, backend: backend, by: Peers.referencePlugins)
    try delete(2, backend: backend, result: first, by: Peers.plugins)
    let before = try rules()

    let result = try add(2, backend: backend, by: Peers.referencePlugins)
    #expect(try rules().contains { $0.contains("10.1.0.2:80") })
    if knowledge == .noNamespace { try container.delete() }
    for _ in 1...2 {
      try delete(2, backend: backend, result: knowledge == .noResult ? nil : result, by: Peers.plugins)
    }
    // The firewall's rules say nothing but the addresses: who does not know these does not find them.
    let after = try rules().filter { line in
      knowledge != .noResult || !(line.contains(" 10.1.0.2 ") || line.contains(" fd01::2 "))
    }
    #expect(after == before)

    try delete(3, backend: backend, result: other, by: Peers.plugins)
  }
}

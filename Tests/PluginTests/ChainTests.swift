import TestSupport
import Testing

/// The plugins of a container's life in one network, called by the protocol's own tool, and what is there afterwards.
@Suite("Chain") struct ChainTests {
  static let network = NetworkList.bridge(
    1, #""ipMasq": true, "macspoofchk": true"#, .portMap(), .firewall(), .bandwidth,
    .tuning(#""sysctl": {"net.core.somaxconn": "500"}, "mtu": 1400, "allmulti": true"#))

  static let capabilities = #"""
    {
      "portMappings": [
        {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"},
        {"hostPort": 8053, "containerPort": 53, "protocol": "udp"}
      ],
      "bandwidth": {"ingressRate": 80000000, "ingressBurst": 8000000, "egressRate": 80000000, "egressBurst": 8000000}
    }
    """#

  /// A node on which another container has come and gone: what is made for all of them is there, and stays.
  private func usedNode(_ network: NetworkList = network) throws -> ConnectedHost {
    let node = try ConnectedHost()
    try node.attach("earlier", to: network, capabilities: Self.capabilities).mustSucceed("DEL")
    return node
  }

  /// What is otherwise than before, but for the address that comes next, the index of the leases, and what the caller
  /// writes down.
  private func changes(in node: ConnectedHost, _ containers: Container..., since before: Snapshot) throws -> [String] {
    let changes = try Snapshot(of: node.host, containers).changes(since: before)
    let others = ["/last_reserved_ip.", "/networks/.swift-cni/", "/var/lib/cni/results/", "/run/configurations/"]
    return changes.filter { change in !others.contains { change.contains($0) } }
  }

  @Test("cnitool adds, checks, deletes twice, and nothing is left")
  func deletes() throws {
    let node = try usedNode()
    let container = try node.makeContainer("c1")
    let before = try Snapshot(of: node.host, [container])
    let tool = try CNITool(host: node.host, Self.network, container: container, capabilities: Self.capabilities)
    try tool.succeeds("status")
    try tool.succeeds("add")
    try tool.succeeds("check")
    let listener = try Listener(.tcp, 80, in: container)
    #expect(try listener.reached(from: node.outside, at: Endpoint("192.0.2.1", 8080)) == "192.0.2.2")
    let outside = try Listener(.tcp, 80, in: node.outside)
    #expect(try outside.reached(from: container, at: Endpoint("192.0.2.2", 80)) == "192.0.2.1")
    try tool.succeeds("del")
    try tool.succeeds("del")
    if Peers.plugins.isReference { return }
    let left = try changes(in: node, container, since: before)
    #expect(left == [])
  }

  @Test("what the first container leaves on a new node is for all, and tells of none", .oursOnly("there rules stay"))
  func foundation() throws {
    let node = try ConnectedHost()
    let container = try node.makeContainer("c1")
    let tool = try CNITool(host: node.host, Self.network, container: container, capabilities: Self.capabilities)
    let before = try Snapshot(of: node.host, [])
    try tool.succeeds("add")
    let during = try changes(in: node, since: before)
    try tool.succeeds("del")
    let after = try changes(in: node, since: before)
    for word in ["cnitool", "10.1.0.2 ", "fd00:1::2 ", "8080", "elements", "veth", "bwp"] {
      #expect(during.contains { $0.contains(word) }, "not even with the container is there any \(word)")
      #expect(after.filter { $0.contains(word) } == [])
    }
    // It stays readable for nft, and what it prints can be loaded again.
    try node.host.shell(
      "nft list ruleset >/run/rules; nft flush ruleset; nft -f /run/rules; nft list ruleset | diff - /run/rules")
  }

  @Test("gc collects what nobody deletes", .oursOnly("there GC does nothing"), arguments: [true, false])
  func collects(callerRemembers: Bool) throws {
    let node = try usedNode()
    let container = try node.makeContainer("c1")
    let before = try Snapshot(of: node.host, [container])
    let tool = try CNITool(host: node.host, Self.network, container: container, capabilities: Self.capabilities)
    try tool.succeeds("add")
    // What the caller remembers, it deletes itself before it has the plugins collect the rest.
    if !callerRemembers { try node.host.shell("rm -r /var/lib/cni/results") }
    try tool.succeeds("gc")
    let left = try changes(in: node, container, since: before)
    #expect(left.filter { !$0.hasPrefix("~ c1 setting: net/core/somaxconn") } == [])
  }

  @Test(
    "DEL without a result, without a namespace, without either", .oursOnly("there rules stay"),
    arguments: [(true, false), (false, true), (false, false)])
  func deletesWithLess(withResult: Bool, withNamespace: Bool) throws {
    let node = try usedNode()
    let before = try Snapshot(of: node.host)
    let attachment = try node.attach("c1", to: Self.network, capabilities: Self.capabilities)
    if !withNamespace { try attachment.container.delete() }
    try attachment.mustSucceed("DEL", withResult: withResult)
    try attachment.mustSucceed("DEL", withResult: withResult)
    if withNamespace { try attachment.container.delete() }
    let left = try changes(in: node, since: before)
    #expect(left == [])
  }

  @Test("DEL of the container after the caller's ADD has failed at the last plugin", .oursOnly("there rules stay"))
  func lastPluginFails() throws {
    let failing = NetworkList.bridge(
      1, #""ipMasq": true, "macspoofchk": true"#, .portMap(), .firewall(), .bandwidth,
      .tuning(#""sysctl": {"net.core.there_is_no_such_setting": "1"}"#))
    let node = try usedNode()
    let container = try node.makeContainer("c1")
    let before = try Snapshot(of: node.host, [container])
    let attachment = AttachedContainer(of: container, in: node.host, to: failing, capabilities: Self.capabilities)
    #expect(try attachment.call("ADD").status == 1)
    try attachment.mustSucceed("DEL", withResult: false)
    let left = try changes(in: node, container, since: before)
    #expect(left == [])
    // And the next try succeeds.
    let retry = AttachedContainer(of: container, in: node.host, to: Self.network, capabilities: Self.capabilities)
    try retry.mustSucceed("ADD")
    try retry.mustSucceed("CHECK")
  }

  @Test("a chained plugin that fails leaves nothing of its own", .oursOnly("there it is the caller's to clean up"))
  func failedPlugin() throws {
    let node = try usedNode()
    try node.attach("holder", to: .published(2), capabilities: ports("udp 8053 53"))
    let container = try node.makeContainer("c1")
    let bridged = AttachedContainer(
      of: container, in: node.host, to: .published(1), capabilities: ports("tcp 8080 80", "udp 8053 53"))
    try bridged.mustSucceed("ADD", only: "bridge")
    let before = try Snapshot(of: node.host, [container])
    #expect(try bridged.call("ADD", only: "portmap").status == 1)
    let left = try changes(in: node, container, since: before)
    #expect(left == [])
  }

  @Test("source-based routing")
  func sourceBasedRouting() throws {
    let network = NetworkList.bridge(1, "", #"{"type": "sbr"}"#)
    let node = try ConnectedHost()
    let container = try node.makeContainer("c1")
    let tool = try CNITool(host: node.host, network, container: container)
    try tool.succeeds("add")
    #expect(try container.shell("ip rule").contains("from 10.1.0.2 lookup 100"))
    let outside = try Listener(.tcp, 80, in: node.outside)
    #expect(try outside.reached(from: container, source: "10.1.0.2", at: Endpoint("192.0.2.2", 80)) == "10.1.0.2")
    try tool.succeeds("del")
    try tool.succeeds("del")
    #expect(try !container.shell("ip rule; ip -6 rule; ip route show table all").contains("10.1.0.2"))
  }

  @Test("an older node's chain: every version of the protocol", arguments: ["0.4.0", "1.0.0"])
  func versions(_ version: String) throws {
    let node = try ConnectedHost()
    let attachment = try node.attach(
      "c1", to: NetworkList("net1", Self.network.plugins, version: version), capabilities: Self.capabilities)
    try attachment.mustSucceed("CHECK")
    let listener = try Listener(.tcp, 80, in: attachment.container)
    #expect(try listener.isReached(from: node.outside, at: Endpoint("192.0.2.1", 8080)))
    try attachment.mustSucceed("DEL")
  }
}

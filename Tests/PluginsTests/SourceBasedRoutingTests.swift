import CNI
import JSON
import NetworkAddresses
import RouteNetlink
import TestSupport
import Testing

@testable import Plugins

/// What of the sbr plugin can be decided without a namespace.
@Suite("The sbr plugin")
struct SourceBasedRoutingTests {
  let plugin: PluginCaller

  init() throws { plugin = try PluginCaller("sbr") }

  static let previous = #""prevResult": {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/24"}]}"#

  @Test(
    "A wrong value is refused with the key and the value",
    arguments: [
      (#""table": 0"#, 7, "failed to load netconf: table: invalid table 0: must be from 1 to 4294967295"),
      (#""table": "x""#, 6, "failed to load netconf: table: expected integer, found string"),
      (#""addSourceHints": 1"#, 6, "failed to load netconf: addSourceHints: expected boolean, found integer"),
      (#""gateways": {}"#, 6, "failed to load netconf: gateways: expected array, found object"),
      (#""gateways": ["x"]"#, 7, "invalid static gateway IP address: x"),
      (#""gateways": ["::"]"#, 7, "invalid static gateway IP address: ::"),
      (
        #""gateways": ["10.0.0.1", "10.0.0.2"]"#, 7,
        "gateways list contains multiple IPv4 addresses: 10.0.0.1 and 10.0.0.2"
      ),
      (
        #""gateways": ["fd00::1", "10.0.0.1", "10.0.0.2"]"#, 7,
        "gateways list cannot contain more than 2 entries (one IPv4, one IPv6)"
      ),
    ])
  func wrongValues(_ members: String, _ code: Int, _ message: String) throws {
    for command in ["ADD", "CHECK", "STATUS"] {
      let answer = try plugin.call(command, members: "\(members), \(Self.previous)")
      #expect(answer.message == message, "\(command)")
      #expect(answer.code == code, "\(command)")
    }
    for command in ["DEL", "GC"] { #expect(try plugin.call(command, members: members).status == 0) }
  }

  @Test("The previous result is needed, addresses in it, and the namespace", arguments: ["ADD", "CHECK"])
  func needs(_ command: String) throws {
    #expect(try plugin.call(command, members: #""table": 5"#).message == "This plugin must be called as chained plugin")
    #expect(
      try plugin.call(command, members: #""prevResult": {"ips": []}"#).message
        == "No IP addresses supplied on interface: eth0")
    #expect(try plugin.call(command, members: Self.previous).code == 8)
  }

  // MARK: The plan

  private func addresses(_ texts: (String, via: String?)...) throws -> [AttachmentAddress] {
    try texts.map { text, gateway in
      AttachmentAddress(address: try #require(CIDR(text)), gateway: gateway.flatMap { IPAddress($0) })
    }
  }

  /// The configuration of a call with these members.
  private func configuration(_ members: String = "") throws -> SourceBasedRoutingConfiguration {
    try SourceBasedRoutingConfiguration(json: JSONValue(parsing: Array("{\(members)}".utf8)))
  }

  private func route(_ destination: String, via gateway: String? = nil, from source: String? = nil, on link: UInt32 = 3)
    throws -> Route
  {
    let destination = try #require(CIDR(destination))
    let isOnLink = gateway == nil && destination.address.family == .ipv4
    return Route(
      to: destination, via: gateway.flatMap { IPAddress($0) }, source: source.flatMap { IPAddress($0) },
      linkIndex: link, scope: isOnLink ? .link : .universe)
  }

  /// `DESTINATION via GATEWAY in TABLE` for each route.
  private func words(_ routes: [Route]) -> [String] {
    routes.map { route in
      let gateway = route.gateway.map { " via \($0)" } ?? ""
      return "\(route.destination)\(gateway) in \(route.table)"
    }
  }

  @Test("Each address has a table, with the routes that serve it; families stay apart")
  func tables() throws {
    let present = [
      try route("10.1.0.0/24", from: "10.1.0.2"), try route("10.5.0.0/16", via: "10.1.0.1"), try route("10.6.0.0/16"),
      try route("10.7.0.0/16", via: "10.9.9.9"), try route("10.8.0.0/16", on: 4), try route("fd00::/64"),
      try route("fe80::/64"), try route("fd05::/32", via: "fd00::1"),
    ]
    let plan = RoutingPlan(
      try addresses(("10.1.0.2/24", via: "10.1.0.1"), ("fd00::2/64", via: nil)), of: 3, try configuration(),
      presentRules: [], presentRoutes: present)
    #expect(plan.rules.map(\.description) == ["from 10.1.0.2/32 lookup 100", "from fd00::2/128 lookup 101"])
    #expect(plan.tables == [100, 101])
    #expect(
      words(plan.routes) == [
        "10.1.0.0/24 in 100", "10.5.0.0/16 via 10.1.0.1 in 100", "10.6.0.0/16 in 100", "0.0.0.0/0 via 10.1.0.1 in 100",
        "fd00::/64 in 101", "fe80::/64 in 101", "fd05::/32 via fd00::1 in 101",
      ])
    // Those that others need to reach their gateways come first.
    #expect(
      words(plan.removed) == [
        "10.1.0.0/24 in main", "10.6.0.0/16 in main", "fd00::/64 in main", "10.5.0.0/16 via 10.1.0.1 in main",
        "10.7.0.0/16 via 10.9.9.9 in main", "fd05::/32 via fd00::1 in main",
      ])
    #expect(plan.hints.isEmpty)
  }

  @Test("A table that has a rule or a route is somebody else's")
  func tablesInUse() throws {
    var elsewhere = try route("10.9.0.0/16", on: 7)
    elsewhere.table = 101
    var unreachable = Route(to: try #require(CIDR("fd09::/32")), type: .unreachable)
    unreachable.table = 103
    let plan = RoutingPlan(
      try addresses(("10.1.0.2/24", via: nil), ("10.2.0.2/24", via: nil)), of: 3, try configuration(),
      presentRules: [RoutingRule(.ipv6, table: 100)], presentRoutes: [elsewhere, unreachable])
    #expect(plan.tables == [102, 104])
  }

  @Test("A gateway of the configuration goes before the main table's default route, that goes before the result's")
  func gateways() throws {
    let present = [try route("10.1.0.0/24", from: "10.1.0.2"), try route("0.0.0.0/0", via: "10.1.0.9")]
    let addresses = try addresses(("10.1.0.2/24", via: "10.1.0.1"))
    let ofResult = RoutingPlan(
      addresses, of: 3, try configuration(), presentRules: [], presentRoutes: present)
    #expect(words(ofResult.routes) == ["10.1.0.0/24 in 100", "0.0.0.0/0 via 10.1.0.9 in 100"])
    let configured = RoutingPlan(
      addresses, of: 3, try configuration(#""gateways": ["10.1.0.7"]"#), presentRules: [], presentRoutes: present)
    #expect(words(configured.routes) == ["10.1.0.0/24 in 100", "0.0.0.0/0 via 10.1.0.7 in 100"])
    #expect(words(configured.removed) == ["10.1.0.0/24 in main", "0.0.0.0/0 via 10.1.0.9 in main"])
  }

  @Test("With hints the main table keeps the networks of the link")
  func hints() throws {
    let present = [
      try route("10.1.0.0/24", from: "10.1.0.2"), try route("10.5.0.0/16", via: "10.1.0.1"), try route("10.6.0.0/16"),
      try route("fd00::/64"), try route("fd06::/64"), try route("fe80::/64"), try route("fd05::/32", via: "fd00::1"),
    ]
    let plan = RoutingPlan(
      try addresses(
        ("10.1.0.2/24", via: nil), ("10.1.0.3/24", via: nil), ("fd00::2/64", via: nil), ("10.8.0.8/32", via: nil)),
      of: 3, try configuration(#""addSourceHints": true"#), presentRules: [], presentRoutes: present)
    #expect(words(plan.hints) == ["10.1.0.0/24 in main", "fd00::/64 in main"])
    #expect(plan.hints.map(\.source) == [IPAddress("10.1.0.3"), IPAddress("fd00::2")])
    #expect(plan.hints.map(\.scope) == [.link, .universe])
    #expect(
      words(plan.removed) == [
        "10.1.0.0/24 in main", "fd00::/64 in main", "10.5.0.0/16 via 10.1.0.1 in main", "fd05::/32 via fd00::1 in main",
      ])
  }

  // MARK: The record

  @Test("A record tells everything that DEL needs")
  func record() throws {
    var special = try route("10.5.0.0/16", via: "10.1.0.1", from: "10.1.0.2")
    special.priority = 7
    special.mtu = 1400
    special.advertisedMSS = 1300
    special.isOnLink = true
    special.origin = .administrator
    // One of the kernel's own is no hint of an earlier ADD.
    var connected = try route("10.1.0.0/24", from: "10.1.0.2")
    connected.origin = .kernel
    let present = [connected, special, try route("fd00::/64"), try route("fe80::/64")]
    let plan = RoutingPlan(
      try addresses(("10.1.0.2/24", via: nil), ("fd00::2/64", via: nil)), of: 3,
      try configuration(#""addSourceHints": true"#), presentRules: [], presentRoutes: present)
    let record = RoutingRecord(RoutingRecord(plan, link: 3).texts)
    func withoutLink(_ routes: [Route]) -> [Route] {
      routes.map { route in
        var route = route
        route.linkIndex = nil
        return route
      }
    }
    #expect(record.rules == plan.rules)
    #expect(record.tables == plan.tables)
    #expect(record.hints == withoutLink(plan.hints))
    #expect(record.removed == withoutLink(plan.removed))
    #expect(record.removed.count == 3)
    #expect(RoutingRecord(["rule", "rule x 5", "table", "main {", "hint 5", "main {}"]).removed.isEmpty)
  }

  @Test("A table of somebody else's is not in the record")
  func foreignTable() throws {
    let plan = RoutingPlan(try addresses(("10.1.0.2/24", via: "10.1.0.1")), to: 200)
    #expect(RoutingRecord(plan, link: nil).texts == ["rule 10.1.0.2 200"])
    #expect(plan.routes.isEmpty && plan.removed.isEmpty)
  }
}

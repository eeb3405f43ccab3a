import CLinux
import Netlink
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@testable import RouteNetlink

@Suite("Rules")
struct RuleTests {
  // MARK: Messages as written down in testdata/netlink

  private func rule(_ name: String) throws -> RoutingRule {
    try decode(HexFixture(name).bytes) { (message) throws(MalformedMessage) in try RoutingRule(message) }
  }

  @Test("a rule is what ip(8) says, byte for byte")
  func addRule() throws {
    let rule = RoutingRule(
      .ipv4, from: CIDR("10.1.0.7/32"), to: CIDR("10.9.0.0/16"), inputLink: "lo",
      mark: RoutingRule.Mark(0x10, mask: 0xff), priority: 77, table: 70000)
    #expect(RouteRequest.addRule(rule).request.bytes == (try HexFixture("ip-add-rule").bytes))
    let inverted = RoutingRule(.ipv6, from: CIDR("fd00:1::/64"), table: 100, isInverted: true)
    #expect(RouteRequest.addRule(inverted).request.bytes == (try HexFixture("ip-add-rule-inverted").bytes))
  }

  @Test("the kernel's words are read")
  func kernelsWords() throws {
    #expect(
      try rule("kernel-rule")
        == RoutingRule(
          .ipv4, from: CIDR("10.1.0.7/32"), to: CIDR("10.9.0.0/16"), inputLink: "lo",
          mark: RoutingRule.Mark(0x10, mask: 0xff), priority: 77, table: 70000))
    #expect(try rule("kernel-rule-local") == RoutingRule(.ipv4, priority: 0, table: .local, origin: .kernel))
  }

  @Test("a network of the other family is an error")
  func familyMismatch() throws {
    var bytes = try HexFixture("kernel-rule").bytes
    bytes[16] = UInt8(AF_INET6)
    #expect(throws: MalformedMessage.self) {
      try decode(bytes) { (message) throws(MalformedMessage) in try RoutingRule(message) }
    }
  }

  @Test("errors name a rule as ip(8) prints it")
  func description() {
    let rule = RoutingRule(
      .ipv4, from: CIDR("10.1.0.7/32"), to: CIDR("10.9.0.0/16"), inputLink: "eth0", outputLink: "eth1",
      mark: RoutingRule.Mark(1), priority: 9, action: .prohibit, isInverted: true)
    #expect(
      rule.description
        == "not from 10.1.0.7/32 to 10.9.0.0/16 fwmark 1/4294967295 iif eth0 oif eth1 prohibit priority 9")
    #expect(RoutingRule(.ipv6).description == "from all lookup main")
  }

  // MARK: The kernel

  @Test(
    "every part of a rule comes, is listed and goes",
    arguments: [
      RoutingRule(.ipv4, from: CIDR("10.1.0.7/32"), priority: 500, table: 100),
      RoutingRule(.ipv6, from: CIDR("fd00::7/128"), priority: 500, table: 100),
      RoutingRule(.ipv4, from: CIDR("10.1.0.0/24"), to: CIDR("10.9.0.0/16"), priority: 500, table: 4_000_000_000),
      RoutingRule(.ipv6, to: CIDR("fd09::/32"), priority: 1, table: 255),
      RoutingRule(.ipv4, inputLink: "eth0.100", priority: 500, table: 256, origin: .administrator),
      RoutingRule(.ipv6, outputLink: "nowhere", priority: 500),
      RoutingRule(.ipv4, mark: .init(0x10, mask: 0xf0), priority: 500, table: 100),
      RoutingRule(.ipv4, mark: .init(0, mask: 0xf0), priority: 500, table: 100),
      RoutingRule(.ipv4, priority: 500, table: 0, action: .blackhole),
      RoutingRule(.ipv6, from: CIDR("fd00::/64"), priority: 500, table: 0, action: .unreachable),
      RoutingRule(.ipv4, from: CIDR("10.1.0.0/24"), priority: 500, table: 0, action: .prohibit, isInverted: true),
    ])
  func everyPart(_ rule: RoutingRule) throws {
    let machine = try Machine()
    let family = rule.family == .ipv4 ? "-4" : "-6"
    let before = try machine.ip.run("\(family) rule show")
    try machine.socket.perform([.addRule(rule)])
    #expect(try machine.socket.rules(rule.family).contains(rule))
    #expect(try machine.socket.rules().count { $0 == rule } == 1)

    let shown = try #require(
      try machine.ip.list("\(family) rule show").first { $0["priority"] as? Int == rule.priority.map { Int($0) } })
    #expect(shown["src"] as? String == rule.source?.address.description ?? "all")
    #expect(shown["srclen"] as? Int == rule.source.flatMap { $0.isHost ? nil : $0.prefixLength })
    #expect(shown["dst"] as? String == rule.destination?.address.description)
    #expect(shown["dstlen"] as? Int == rule.destination.flatMap { $0.isHost ? nil : $0.prefixLength })
    #expect(shown["iif"] as? String == rule.inputLink)
    #expect(shown["oif"] as? String == rule.outputLink)
    #expect((shown["not"] != nil) == rule.isInverted)
    if rule.action == .lookUp { #expect(shown["table"] as? String == rule.table.description) }

    let exists = #expect(throws: NetlinkError.self) { try machine.socket.perform([.addRule(rule)]) }
    #expect(exists?.code == .fileExists)
    try machine.socket.perform([.deleteRule(rule)])
    #expect(try machine.ip.run("\(family) rule show") == before)
    let gone = #expect(throws: NetlinkError.self) { try machine.socket.perform([.deleteRule(rule)]) }
    #expect(gone?.code == .noSuchFileOrDirectory)
    #expect(gone?.description == "delete rule \(rule): no such file or directory")
  }

  @Test("a rule of ip(8) is read, and found by less than all that it has")
  func rulesOfOthers() throws {
    let machine = try Machine()
    try machine.ip.run("rule add from 10.1.0.7 table 100 priority 500 protocol static")
    try machine.ip.run("-6 rule add from fd00::7 iif lo table 101 priority 501")
    let rules = try machine.socket.rules()
    #expect(
      rules.contains(
        RoutingRule(.ipv4, from: CIDR("10.1.0.7/32"), priority: 500, table: 100, origin: .administrator)))
    #expect(rules.contains(RoutingRule(.ipv6, from: CIDR("fd00::7/128"), inputLink: "lo", priority: 501, table: 101)))
    let address = try #require(IPAddress("10.1.0.7"))
    let wrong = #expect(throws: NetlinkError.self) {
      try machine.socket.perform([.deleteRule(RoutingRule(from: address, table: 99))])
    }
    #expect(wrong?.code == .noSuchFileOrDirectory)
    try machine.socket.perform([.deleteRule(RoutingRule(from: address, table: 100))])
    #expect(try machine.ip.list("rule show").contains { $0["src"] as? String == "10.1.0.7" } == false)
  }

  @Test("the kernel chooses a priority, and each family has rules of its own")
  func priorities() throws {
    let machine = try Machine()
    let before = try machine.socket.rules(.ipv6)
    for number in 1...3 {
      let address = try #require(IPAddress("10.1.0.\(number)"))
      try machine.socket.perform([.addRule(RoutingRule(from: address, table: 100))])
    }
    let rules = try machine.socket.rules(.ipv4)
    #expect(rules.map(\.priority) == [0, 32763, 32764, 32765, 32766, 32767])
    #expect(rules[1].source == CIDR("10.1.0.3/32"))
    #expect(try machine.socket.rules(.ipv6) == before)
    #expect(try machine.socket.rules() == rules + before)
  }

  @Test("a rule decides which table a packet is looked up in")
  func lookup() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    let source = try #require(IPAddress("10.1.0.7"))
    try machine.socket.perform([
      .addAddress(LinkAddress(CIDR(host: source)), to: index),
      .addRoute(Route(to: .defaultIPv4, linkIndex: index, table: 100, scope: .link)),
    ])
    #expect(throws: Oracle.OracleError.self) { try machine.ip.run("route get 192.0.2.1 from 10.1.0.7") }
    try machine.socket.perform([.addRule(RoutingRule(from: source, table: 100))])
    #expect(try machine.ip.list("route get 192.0.2.1 from 10.1.0.7").first?["dev"] as? String == "a")
  }

  @Test("host bits are kept, and mean nothing", arguments: ["10.1.0.7/24", "fd00::7/64"])
  func hostBits(_ text: String) throws {
    let machine = try Machine()
    let network = try #require(CIDR(text))
    try machine.socket.perform([.addRule(RoutingRule(network.address.family, from: network, table: 100))])
    #expect(try machine.socket.rules(network.address.family).contains { $0.source == network })
  }
}

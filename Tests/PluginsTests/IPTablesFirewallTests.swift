import CNI
import NetworkAddresses
import TestSupport
import Testing

@testable import Plugins

/// The firewall with iptables, beside the reference's own.
@Suite("The firewall with iptables")
struct IPTablesFirewallTests {
  private let machine: IPTablesHost
  private let firewall = IPTablesFirewall(adminChain: "MY-ADMIN")

  init() throws { machine = try IPTablesHost() }

  private func configuration(_ addresses: String...) -> String {
    let ips = addresses.map { #"{"address": "\#($0)", "interface": 0}"# }.joined(separator: ", ")
    return #"{"cniVersion": "1.1.0", "name": "n1", "type": "firewall", "backend": "iptables", "#
      + #""iptablesAdminChainName": "MY-ADMIN", "prevResult": {"cniVersion": "1.1.0", "#
      + #""interfaces": [{"name": "eth0", "sandbox": "/run/netns/cid1"}], "ips": [\#(ips)]}}"#
  }

  private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

  private func add(_ texts: String...) throws {
    let addresses = try texts.map { try address($0) }
    try machine.host.run { try firewall.add(addresses) }
  }

  private func delete(_ texts: String...) throws {
    let addresses = try texts.map { try address($0) }
    try machine.host.run { try firewall.delete(addresses) }
  }

  private func check(_ texts: String...) throws {
    let addresses = try texts.map { try address($0) }
    try machine.host.run { try firewall.check(addresses) }
  }

  @Test(
    "The rules are those that the reference makes, and either checks and deletes those of the other",
    arguments: IPTablesHost.Variant.allCases)
  func sameAsReference(_ variant: IPTablesHost.Variant) throws {
    let machine = try IPTablesHost(variant)
    let other = try IPTablesHost(variant)
    let configuration = configuration("10.1.0.2/24", "fd01::2/64")
    try machine.shell("iptables -P FORWARD DROP; iptables -A FORWARD -j DROP")
    try other.shell("iptables -P FORWARD DROP; iptables -A FORWARD -j DROP")
    try other.reference("ADD", "firewall", configuration)
    let addresses = try [address("10.1.0.2"), address("fd01::2")]
    try machine.host.run { try firewall.add(addresses) }
    let rules = try machine.rules("filter")
    #expect(try other.rules("filter") == rules)
    #expect(rules.contains("v6 -A CNI-FORWARD -s fd01::2/128 -j ACCEPT"))

    try machine.reference("CHECK", "firewall", configuration)
    try other.host.run { try firewall.check(addresses) }
    try machine.reference("DEL", "firewall", configuration)
    try other.host.run { try firewall.delete(addresses) }
    let left = try machine.rules("filter")
    #expect(try other.rules("filter") == left)
    #expect(left.filter { $0.contains("10.1.0.2") || $0.contains("fd01::2") } == [])
  }

  @Test("A DEL takes every copy of its rules, and no rule of another address")
  func deletesItsOwn() throws {
    try add("10.1.0.3", "10.1.0.20")
    let before = try machine.rules("filter")
    try add("10.1.0.2")
    try machine.shell("iptables -A CNI-FORWARD -s 10.1.0.2 -j ACCEPT; iptables -A CNI-FORWARD -s 10.1.0.2 -j DROP")
    try delete("10.1.0.2")
    try delete("10.1.0.2")
    let somebodysOwn = "v4 -A CNI-FORWARD -s 10.1.0.2/32 -j DROP"
    #expect(try machine.rules("filter").filter { $0 != somebodysOwn } == before)
    #expect(try machine.rules("filter").contains(somebodysOwn))
  }

  @Test("A rule is there once, however often ADD is called and however many are called at once")
  func noDuplicates() throws {
    let machine = machine
    let firewall = firewall
    try atOnce(24) { number in
      let own = try #require(IPAddress("10.1.0.\(number + 2)"))
      try machine.host.run { try firewall.add([own]) }
      try machine.host.run { try firewall.add([own]) }
    }
    let rules = try machine.rules("filter", containing: "v4 -A ")
    #expect(rules.count == 24 * 2 + 2)
    for (number, rule) in rules.enumerated() { #expect(!rules[..<number].contains(rule), "\(rule)") }
  }

  @Test("CHECK tells which rule is missing", arguments: ["FORWARD", "CNI-FORWARD"])
  func checked(_ chain: String) throws {
    try add("10.1.0.2")
    try check("10.1.0.2")
    try machine.shell("iptables -F \(chain)")
    let error = #expect(throws: PluginError.self) { try check("10.1.0.2") }
    #expect(error?.message.contains("in chain \(chain) not found in table filter of iptables") == true)
  }
}

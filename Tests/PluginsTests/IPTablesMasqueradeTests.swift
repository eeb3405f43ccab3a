import CNI
import NetworkAddresses
import TestSupport
import Testing

@testable import Plugins

/// Masquerading with iptables, beside the reference's own.
@Suite("Masquerading with iptables")
struct IPTablesMasqueradeTests {
  private let machine: IPTablesHost

  init() throws { machine = try IPTablesHost() }

  private static func masquerade(_ addresses: [CIDR], container: String = "cid1") -> IPTablesMasquerade {
    IPTablesMasquerade(
      attachment: Attachment(network: "n1", containerID: container, interfaceName: "eth0"), addresses: addresses)
  }

  private func add(_ addresses: [CIDR], container: String = "cid1") throws {
    try machine.host.run { try Self.masquerade(addresses, container: container).add() }
  }

  private func check(_ addresses: [CIDR]) throws {
    try machine.host.run { try Self.masquerade(addresses).check() }
  }

  private func remove(_ addresses: [CIDR]) throws {
    try machine.host.run { try Self.masquerade(addresses).remove() }
  }

  private func configuration(masquerades: Bool) -> String {
    #"{"cniVersion": "1.1.0", "name": "n1", "type": "bridge", "bridge": "br0", "isGateway": true, "#
      + #""ipMasq": \#(masquerades), "ipMasqBackend": "iptables", "ipam": {"type": "static", "addresses": "#
      + #"[{"address": "10.1.0.2/24"}, {"address": "fd01::2/64"}]}}"#
  }

  @Test("The rules are those that the reference makes", arguments: IPTablesHost.Variant.allCases)
  func sameAsReference(_ variant: IPTablesHost.Variant) throws {
    let machine = try IPTablesHost(variant)
    try machine.host.makeContainer("cid1")
    let before = try machine.rules()
    try machine.reference("ADD", "bridge", configuration(masquerades: true))
    let expected = try machine.rules()
    #expect(expected.contains { $0.hasSuffix("-j MASQUERADE") })

    let other = try IPTablesHost(variant)
    let masquerade = try Self.masquerade(addresses("10.1.0.2/24", "fd01::2/64"))
    try other.host.run { try masquerade.add() }
    #expect(try other.rules() == expected)
    for machine in [machine, other] {
      try machine.host.run { try masquerade.remove() }
      #expect(try machine.rules() == before)
    }
  }

  @Test("What the reference made is taken back, and nothing of another container", arguments: [true, false])
  func deletesReference(knowsAddresses: Bool) throws {
    try add(addresses("10.1.0.9/24", "fd01::9/64"), container: "cid2")
    let before = try machine.rules()
    try machine.host.makeContainer("cid1")
    try machine.reference("ADD", "bridge", configuration(masquerades: true))
    #expect(try machine.rules() != before)

    try remove(knowsAddresses ? addresses("10.1.0.2/24", "fd01::2/64") : [])
    #expect(try machine.rules() == before)
  }

  @Test("The reference's DEL takes back what ours made")
  func deletedByReference() throws {
    let before = try machine.rules()
    try machine.host.makeContainer("cid1")
    try machine.reference("ADD", "bridge", configuration(masquerades: false))
    try add(addresses("10.1.0.2/24", "fd01::2/64"))
    #expect(try machine.rules() != before)

    try machine.reference("DEL", "bridge", configuration(masquerades: true))
    #expect(try machine.rules() == before)
  }

  @Test("Two interfaces of one container share a chain, and each takes back what is its own")
  func sharedChain() throws {
    let before = try machine.rules()
    let first = try addresses("10.1.0.2/24")
    let second = try addresses("10.1.0.3/24", "10.2.0.3/24")
    try add(first)
    let withFirst = try machine.rules()
    try add(second)
    try check(first + second)

    // The rule for the network that the first has, too, stays, that for the other one does not.
    try remove(second)
    #expect(try machine.rules() == withFirst)
    try check(first)
    try remove(first)
    #expect(try machine.rules() == before)
  }

  @Test("Traffic to the networks of all addresses is accepted before the rest is masqueraded")
  func orderOfRules() throws {
    try add(addresses("10.1.0.2/24"))
    try add(addresses("10.2.0.2/24"))
    let chain = ReferenceNames.masquerade(network: "n1", containerID: "cid1")
    let targets = try machine.rules(containing: "-A \(chain) ").map { $0.split(separator: " ").last ?? "" }
    #expect(targets == ["ACCEPT", "ACCEPT", "MASQUERADE"])
  }

  @Test("An ADD or a DEL that is repeated changes nothing")
  func repeated() throws {
    let before = try machine.rules()
    try add(addresses("10.1.0.2/24", "fd01::2/64"))
    let once = try machine.rules()
    try add(addresses("10.1.0.2/24", "fd01::2/64"))
    #expect(try machine.rules() == once)
    try remove(addresses("10.1.0.2/24", "fd01::2/64"))
    try remove(addresses("10.1.0.2/24", "fd01::2/64"))
    #expect(try machine.rules() == before)
  }

  @Test("24 at once for one container make no rule twice")
  func atOnceWithoutDuplicates() throws {
    let machine = machine
    try atOnce(24) { _ in
      try machine.host.run { try Self.masquerade(addresses("10.1.0.2/24")).add() }
    }
    let rules = try machine.rules(containing: "-A ")
    #expect(rules.count == 3)
  }

  @Test("CHECK tells which rule is missing")
  func check() throws {
    try add(addresses("10.1.0.2/24"))
    try check(addresses("10.1.0.2/24"))
    try machine.shell("iptables -t nat -F POSTROUTING")
    let error = #expect(throws: PluginError.self) { try check(addresses("10.1.0.2/24")) }
    #expect(
      error?.message.contains("-s 10.1.0.2 -j CNI-ca7a875c2b85fc44a855128b") == true, "\(String(describing: error))")
    #expect(error?.message.contains("in chain POSTROUTING not found in table nat of iptables") == true)
  }

  @Test("What iptables refuses is told with the command, its status and its words")
  func refused() throws {
    // A chain of native rules that iptables cannot read.
    let chain = ReferenceNames.masquerade(network: "n1", containerID: "cid1")
    try machine.shell(
      "nft add table ip nat; nft add chain ip nat \(chain); nft add rule ip nat \(chain) fib saddr type local")
    let error = #expect(throws: PluginError.self) { try add(addresses("10.1.0.2/24")) }
    #expect(error?.code == .internal)
    #expect(error?.message.hasPrefix("running [/usr/sbin/iptables -t nat -S]: exit status 1: iptables") == true)
    #expect(error?.message.hasSuffix("is incompatible, use 'nft' tool.") == true)
  }
}

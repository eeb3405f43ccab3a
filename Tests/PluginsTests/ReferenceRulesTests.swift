import CNI
import NetworkAddresses
import TestSupport
import Testing

@testable import Plugins

/// What the reference has made is removed, and nothing else.
@Suite("Rules of the reference")
struct ReferenceRulesTests {
  private let machine: IPTablesHost

  init() throws { machine = try IPTablesHost() }

  /// The rules without their counters.
  private func ruleset() throws -> String {
    try machine.shell("nft --stateless list ruleset")
  }

  private func attachment(_ container: String, network: String = "n1", interface: String = "eth0") -> CNI.Attachment {
    Attachment(network: network, containerID: container, interfaceName: interface)
  }

  /// The configuration of a bridge.
  private func bridge(_ number: Int, backend: String, keys: String = "") -> String {
    #"{"cniVersion": "1.1.0", "name": "n1", "type": "bridge", "bridge": "br0", "isGateway": true, "ipMasq": true, "#
      + #""ipMasqBackend": "\#(backend)"\#(keys), "ipam": {"type": "static", "addresses": "#
      + #"[{"address": "10.1.0.\#(number)/24"}, {"address": "fd01::\#(number)/64"}]}}"#
  }

  /// The addresses that a bridge of a number gives.
  private func own(_ number: Int) throws -> [CIDR] { try addresses("10.1.0.\(number)/24", "fd01::\(number)/64") }

  @Test(
    "Masquerading is removed, that of other containers stays",
    arguments: ["iptables", "nftables"], [true, false])
  func masquerade(_ backend: String, knowsAddresses: Bool) throws {
    for name in ["c20", "c2"] { try machine.host.makeContainer(name) }
    try machine.reference("ADD", "bridge", bridge(20, backend: backend), container: "c20")
    let before = try ruleset()
    try machine.reference("ADD", "bridge", bridge(2, backend: backend), container: "c2")
    #expect(try ruleset() != before)

    let rules = ReferenceMasquerade(attachment: attachment("c2"), addresses: knowsAddresses ? try own(2) : [])
    for _ in 1...2 {
      try machine.host.run { try rules.remove() }
      #expect(try ruleset() == before)
    }
  }

  @Test("Two interfaces of one container lose each its own masquerading", arguments: ["iptables", "nftables"])
  func masqueradeOfTwoInterfaces(_ backend: String) throws {
    try machine.host.makeContainer("c2")
    try machine.reference("ADD", "bridge", bridge(2, backend: backend), container: "c2", interface: "eth0")
    try machine.reference("ADD", "bridge", bridge(3, backend: backend), container: "c2", interface: "eth1")
    try machine.host.run {
      try ReferenceMasquerade(attachment: attachment("c2", interface: "eth0"), addresses: own(2)).remove()
    }
    let between = try ruleset()
    #expect(!between.contains("10.1.0.2 ") && !between.contains("fd01::2 "))
    #expect(between.contains("10.1.0.3 ") && between.contains("fd01::3 "))
    try machine.host.run {
      try ReferenceMasquerade(attachment: attachment("c2", interface: "eth1"), addresses: own(3)).remove()
    }
    let after = try ruleset()
    for trace in ["10.1.0.", "fd01::", ReferenceNames.masquerade(network: "n1", containerID: "c2")] {
      #expect(!after.contains(trace), "\(after)")
    }
  }

  @Test("The check of hardware addresses is removed, that of other containers stays")
  func spoofCheck() throws {
    for name in ["c20", "c2"] { try machine.host.makeContainer(name) }
    let keys = #", "macspoofchk": true"#
    try machine.reference("ADD", "bridge", bridge(20, backend: "nftables", keys: keys), container: "c20")
    let before = try ruleset()
    try machine.reference("ADD", "bridge", bridge(2, backend: "nftables", keys: keys), container: "c2")
    #expect(try ruleset().contains("chain cni-br-iface-c2-eth0-mac"))

    let attachment = attachment("c2")
    for _ in 1...2 {
      try machine.host.run {
        try ReferenceMasquerade(attachment: attachment, addresses: []).remove()
        try ReferenceSpoofCheck(attachment: attachment).remove()
      }
      #expect(try ruleset() == before)
    }
  }

  // MARK: Published ports

  /// The configuration that publishes a port of a container.
  private func publication(
    _ number: Int, backend: String, network: String = "n1", port: Int? = nil
  ) -> String {
    #"{"cniVersion": "1.1.0", "name": "\#(network)", "type": "portmap", "backend": "\#(backend)", "#
      + #""runtimeConfig": {"portMappings": [{"hostPort": \#(port ?? 8000 + number), "containerPort": 80, "#
      + #""protocol": "tcp"}, {"hostPort": \#(9000 + number), "containerPort": 81, "protocol": "udp", "#
      + #""hostIP": "192.0.2.7"}]}, "prevResult": {"cniVersion": "1.1.0", "#
      + #""interfaces": [{"name": "eth0", "sandbox": "/run/netns/none"}], "#
      + #""ips": [{"address": "10.1.0.\#(number)/24"}, {"address": "fd01::\#(number)/64"}]}}"#
  }

  @Test(
    "Published ports are removed, those of other containers stay",
    arguments: ["iptables", "nftables"], [true, false])
  func portMap(_ backend: String, knowsAddresses: Bool) throws {
    try machine.reference("ADD", "portmap", publication(20, backend: backend), container: "c20")
    let before = try ruleset()
    try machine.reference("ADD", "portmap", publication(2, backend: backend), container: "c2")
    #expect(try ruleset().contains("8002"))

    let addresses = knowsAddresses ? try own(2).map(\.address) : []
    for _ in 1...2 {
      try machine.host.run { try ReferencePortMap(attachment: attachment("c2"), addresses: addresses).remove() }
      #expect(try ruleset() == before)
    }
  }

  @Test("Ports of one container in two networks are told apart by its addresses", arguments: ["iptables", "nftables"])
  func portMapOfTwoNetworks(_ backend: String) throws {
    try machine.reference("ADD", "portmap", publication(2, backend: backend), container: "c2")
    let before = try ruleset()
    try machine.reference("ADD", "portmap", publication(3, backend: backend, network: "n2"), container: "c2")
    try machine.host.run {
      try ReferencePortMap(attachment: attachment("c2", network: "n2"), addresses: own(3).map(\.address)).remove()
    }
    #expect(try ruleset() == before)
  }

  @Test("Of two interfaces that share a chain of iptables each loses its own destinations")
  func portMapOfTwoInterfaces() throws {
    try machine.reference("ADD", "portmap", publication(2, backend: "iptables"), container: "c2")
    try machine.reference("ADD", "portmap", publication(3, backend: "iptables"), container: "c2", interface: "eth1")
    try machine.host.run {
      try ReferencePortMap(attachment: attachment("c2", interface: "eth1"), addresses: own(3).map(\.address)).remove()
    }
    #expect(try machine.rules(containing: "10.1.0.3:80") == [])
    #expect(try machine.rules(containing: "10.1.0.2:80").count == 1)
    try machine.host.run {
      try ReferencePortMap(attachment: attachment("c2"), addresses: own(2).map(\.address)).remove()
    }
    #expect(try machine.rules(containing: "CNI-DN-") == [])
  }

  @Test("Ports in the layouts of older releases are removed")
  func olderLayouts() throws {
    try machine.reference("ADD", "portmap", publication(20, backend: "nftables"), container: "c20")
    try machine.reference("ADD", "portmap", publication(20, backend: "iptables"), container: "c20")
    let before = try ruleset()
    let chain = ReferenceNames.portMappingMasquerade(network: "n1", containerID: "c2")
    try machine.shell(
      """
      nft add rule ip cni_hostport hostip_hostports ip daddr 192.0.2.7 tcp dport 8002 dnat to 10.1.0.2:80 comment c2
      iptables -t nat -N CNI-HOSTPORT-SNAT
      """)
    let withoutContainer = try ruleset().split(separator: "\n").filter { !$0.contains("\"c2\"") }
    try machine.shell(
      """
      iptables -t nat -N \(chain)
      iptables -t nat -A \(chain) -p tcp -s 127.0.0.1 -d 10.1.0.2 --dport 80 -j MASQUERADE
      iptables -t nat -A CNI-HOSTPORT-SNAT -m comment --comment snat -j \(chain)
      """)
    try machine.host.run {
      try ReferencePortMap(attachment: attachment("c2"), addresses: own(2).map(\.address)).remove()
    }
    #expect(try ruleset().split(separator: "\n") == withoutContainer)
    try machine.shell("iptables -t nat -X CNI-HOSTPORT-SNAT")
    #expect(try ruleset() == before)
  }

  @Test("Eight at once succeed", arguments: ["iptables", "nftables"])
  func removedAtOnce(_ backend: String) throws {
    let machine = machine
    try machine.reference("ADD", "portmap", publication(20, backend: backend), container: "c20")
    let before = try ruleset()
    for number in 2..<10 {
      try machine.reference("ADD", "portmap", publication(number, backend: backend), container: "c\(number)")
    }
    let attachments = (2..<10).map { attachment("c\($0)") }
    try atOnce(8) { number in
      try machine.host.run {
        try ReferencePortMap(
          attachment: attachments[number],
          addresses: addresses("10.1.0.\(number + 2)/24", "fd01::\(number + 2)/64").map(\.address)
        ).remove()
      }
    }
    #expect(try ruleset() == before)
  }

  @Test("Where the reference never was, nothing is made")
  func nothingThere() throws {
    try machine.host.run {
      try ReferenceMasquerade(attachment: attachment("c2"), addresses: []).remove()
      try ReferenceSpoofCheck(attachment: attachment("c2")).remove()
      try ReferencePortMap(attachment: attachment("c2"), addresses: []).remove()
      // A name that is too long for the kernel.
      try ReferenceSpoofCheck(attachment: attachment(String(repeating: "c", count: 300))).remove()
    }
    #expect(try ruleset() == "")
  }
}

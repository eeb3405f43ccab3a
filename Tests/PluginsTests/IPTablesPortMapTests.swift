import CNI
import JSON
import NetworkAddresses
import TestSupport
import Testing

@testable import Plugins

/// Published ports with iptables, beside the reference's own.
@Suite("Published ports with iptables")
struct IPTablesPortMapTests {
  private let machine: IPTablesHost

  init() throws { machine = try IPTablesHost() }

  private static let manyMappings = """
    {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}, \
    {"hostPort": 5353, "containerPort": 53, "protocol": "udp"}, \
    {"hostPort": 3868, "containerPort": 3868, "protocol": "sctp"}, \
    {"hostPort": 9090, "containerPort": 90, "protocol": "tcp", "hostIP": "192.0.2.7"}, \
    {"hostPort": 9091, "containerPort": 91, "protocol": "tcp", "hostIP": "0.0.0.0"}, \
    {"hostPort": 9092, "containerPort": 92, "protocol": "tcp", "hostIP": "::"}, \
    {"hostPort": 9093, "containerPort": 93, "protocol": "tcp", "hostIP": "2001:db8::7"}
    """

  /// A container with published ports, in the words of a configuration.
  private struct Publication {
    var mappings = manyMappings
    var keys = ""
    var container = "mtc1"
    var addresses = ["10.88.0.2/24", "fd00:88::2/64"]

    var json: String {
      let ips = addresses.map { #"{"address": "\#($0)", "interface": 0}"# }.joined(separator: ", ")
      return #"{"cniVersion": "1.1.0", "name": "mtnet", "type": "portmap", "backend": "iptables"\#(keys), "#
        + #""runtimeConfig": {"portMappings": [\#(mappings)]}, "prevResult": {"cniVersion": "1.1.0", "#
        + #""interfaces": [{"name": "eth0", "sandbox": "/run/netns/\#(container)"}], "ips": [\#(ips)]}}"#
    }

    var backend: IPTablesPortMap {
      IPTablesPortMap(
        attachment: Attachment(network: "mtnet", containerID: container, interfaceName: "eth0"),
        addresses: addresses.compactMap { CIDR($0) })
    }

    func configuration() throws -> PortMapConfiguration {
      try PortMapConfiguration(json: JSONValue(parsing: Array(json.utf8)))
    }

    func add(on machine: IPTablesHost) throws {
      try machine.host.run { try backend.add(configuration()) }
    }

    func check(on machine: IPTablesHost) throws {
      try machine.host.run { try backend.check(configuration()) }
    }

    func remove(on machine: IPTablesHost) throws {
      try machine.host.run { try backend.remove() }
    }
  }

  /// A mapping of one port.
  private static func mapping(_ port: Int, _ hostIP: String = "") -> String {
    #"{"hostPort": \#(port), "containerPort": 80, "protocol": "tcp", "hostIP": "\#(hostIP)"}"#
  }

  /// Rules that are each there once, without those that all attachments share.
  private func own(_ rules: [String]) -> [String] { rules.filter { $0.contains("CNI-DN-") } }

  @Test(
    "The rules are those that the reference makes, and either checks and deletes those of the other",
    arguments: [
      "", #", "snat": false"#, #", "masqAll": true"#, #", "markMasqBit": 5"#,
      #", "externalSetMarkChain": "MY-MARK""#,
      #", "conditionsV4": ["!", "-d", "192.0.2.9"], "conditionsV6": ["-m", "comment", "--comment", "a \"b\\ #c"]"#,
    ], IPTablesHost.Variant.allCases)
  func sameAsReference(_ keys: String, _ variant: IPTablesHost.Variant) throws {
    let machine = try IPTablesHost(variant)
    let mappings = Self.manyMappings + (20...30).map { ", " + Self.mapping(8100 + $0) }.joined()
    let publication = Publication(mappings: mappings, keys: keys)
    let other = try IPTablesHost(variant)
    for machine in [machine, other] { try machine.shell("iptables -t nat -N MY-MARK; ip6tables -t nat -N MY-MARK") }
    let before = try machine.rules()
    try machine.reference("ADD", "portmap", publication.json, container: "mtc1")
    try publication.add(on: other)
    let rules = try machine.rules()
    // The `-C` of ip6tables-legacy 1.8.9 does not look at ports: it finds rules that are not there, and the reference
    // leaves them out.
    let comparable = variant == .nft ? "" : "v4 "
    #expect(try other.rules(containing: comparable) == rules.filter { $0.hasPrefix(comparable) })
    #expect(own(rules).contains { $0.contains("10.88.0.2:80") })

    try publication.check(on: machine)
    try other.reference("CHECK", "portmap", publication.json, container: "mtc1")
    try publication.remove(on: machine)
    try other.reference("DEL", "portmap", publication.json, container: "mtc1")
    #expect(try own(machine.rules()) == [])
    #expect(try other.rules() == machine.rules())
    #expect(try machine.rules() != before)
  }

  @Test("A DEL leaves the ports of other containers as they are, whoever published them")
  func others() throws {
    try machine.reference(
      "ADD", "portmap", Publication(mappings: Self.mapping(8001), container: "theirs").json, container: "theirs")
    try Publication(mappings: Self.mapping(8002), container: "ours").add(on: machine)
    let before = try machine.rules()
    let publication = Publication(mappings: Self.mapping(8003))
    for byReference in [true, false] {
      if byReference {
        try machine.reference("ADD", "portmap", publication.json, container: "mtc1")
      } else {
        try publication.add(on: machine)
      }
      #expect(try machine.rules() != before)
      try machine.host.run {
        try IPTablesPortMap(attachment: publication.backend.attachment, addresses: []).remove()
      }
      #expect(try machine.rules() == before)
    }
  }

  @Test("Two interfaces of one container share a chain, which goes with the last of them")
  func sharedChain() throws {
    let first = Publication(mappings: Self.mapping(8001), addresses: ["10.88.0.2/24"])
    let second = Publication(mappings: Self.mapping(8002), addresses: ["10.88.0.3/24"])
    try first.add(on: machine)
    try second.add(on: machine)
    try first.check(on: machine)
    try second.remove(on: machine)
    try first.check(on: machine)
    #expect(try machine.rules(containing: "10.88.0.3:80") == [])
    try first.remove(on: machine)
    #expect(try own(machine.rules()) == [])
  }

  @Test("A rule is there once, however often ADD is called and however many are called at once")
  func noDuplicates() throws {
    let machine = machine
    let shared = (0..<24).map { number in
      Publication(
        mappings: Self.mapping(8000 + number), container: "c\(number)", addresses: ["10.88.0.\(number + 2)/24"])
    }
    try atOnce(24) { number in
      try shared[number].add(on: machine)
      try shared[number].add(on: machine)
    }
    let rules = try machine.rules(containing: "-A ")
    for (number, rule) in rules.enumerated() { #expect(!rules[..<number].contains(rule), "\(rule)") }
    #expect(own(rules).count == 24 * 4)
    try atOnce(24) { number in try shared[number].remove(on: machine) }
    #expect(try own(machine.rules()) == [])
  }

  @Test(
    "A port that another container has is refused with its name",
    arguments: [("", ""), ("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "2001:db8::7")])
  func claimed(_ theirs: String, _ ours: String) throws {
    try machine.reference(
      "ADD", "portmap", Publication(mappings: Self.mapping(8001, theirs), container: "theirs").json,
      container: "theirs")
    let before = try machine.rules()
    let error = #expect(throws: PluginError.self) {
      try Publication(mappings: Self.mapping(8000) + "," + Self.mapping(8001, ours)).add(on: machine)
    }
    #expect(error?.message.hasSuffix(" is taken by mtnet/theirs") == true, "\(String(describing: error))")
    // IPv4 comes first; taking back what of it was in no way is up to the caller.
    let family = ours.contains(":") ? "v6" : "v4"
    #expect(try machine.rules(containing: family) == before.filter { $0.contains(family) })
  }

  @Test("A port of one address is not a port of another, and goes before that of all addresses")
  func specific() throws {
    try Publication(mappings: Self.mapping(8001), container: "all", addresses: ["10.88.0.3/24"]).add(on: machine)
    try Publication(mappings: Self.mapping(8001, "192.0.2.7"), container: "seven", addresses: ["10.88.0.4/24"])
      .add(on: machine)
    try Publication(mappings: Self.mapping(8001, "192.0.2.8"), container: "eight", addresses: ["10.88.0.5/24"])
      .add(on: machine)
    let order = try machine.rules(containing: "-A CNI-HOSTPORT-DNAT").map { rule in
      ["all", "seven", "eight"].first { rule.contains("\\\"\($0)\\\"") }
    }
    #expect(order == ["eight", "seven", "all"])
  }

  @Test("A line feed in a condition is refused, and nothing is changed")
  func lineFeed() throws {
    let before = try machine.rules()
    let publication = Publication(keys: #", "conditionsV4": ["-m", "comment", "--comment", "a\n-F"]"#)
    let error = #expect(throws: PluginError.self) { try publication.add(on: machine) }
    #expect(error?.code == .invalidConfiguration)
    #expect(try machine.rules() == before)
  }

  @Test("What iptables refuses leaves nothing behind")
  func refused() throws {
    let before = try machine.rules()
    let publication = Publication(keys: #", "conditionsV4": ["-m", "nonesuch"]"#)
    let error = #expect(throws: PluginError.self) { try publication.add(on: machine) }
    #expect(error?.message.contains("Couldn't load match `nonesuch'") == true, "\(String(describing: error))")
    #expect(try machine.rules() == before)
  }
}

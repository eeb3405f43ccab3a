import CNI
import JSON
import NFTables
import NetworkAddresses
import Testing

@testable import Plugins

/// What of the portmap plugin can be decided without a kernel.
@Suite("The portmap plugin")
struct PortMapTests {
  private func configuration(_ members: String) throws -> PortMapConfiguration {
    try PortMapConfiguration(json: JSONValue(parsing: Array("{\(members)}".utf8)))
  }

  private func mappings(_ entries: String) throws -> [String] {
    try configuration(#""runtimeConfig": {"portMappings": [\#(entries)]}"#).mappings.map(\.description)
  }

  // MARK: Mappings

  @Test("Keys and protocols may be written in any case")
  func spelling() throws {
    #expect(
      try mappings(
        #"{"HostPort": 8080, "ContainerPort": 80, "Protocol": "TCP", "HostIP": ""}, "#
          + #"{"hostPort": 53, "containerPort": 5353, "protocol": "Udp", "hostIP": "192.0.2.7"}, "#
          + #"{"hostPort": 65535, "containerPort": 1, "protocol": "sctp", "hostIP": "2001:db8::7"}"#)
        == ["tcp 8080 to port 80", "udp 192.0.2.7:53 to port 5353", "sctp [2001:db8::7]:65535 to port 1"])
  }

  @Test("What is there twice is published once, and what is for both families goes for that of one")
  func duplicates() throws {
    func entry(_ host: String, _ port: Int = 80, transport: String = "tcp") -> String {
      #"{"hostPort": 8080, "containerPort": \#(port), "protocol": "\#(transport)", "hostIP": "\#(host)"}"#
    }
    #expect(try mappings([entry(""), entry("")].joined(separator: ",")) == ["tcp 8080 to port 80"])
    #expect(try mappings([entry(""), entry("::")].joined(separator: ",")) == ["tcp 8080 to port 80"])
    #expect(
      try mappings([entry("0.0.0.0"), entry("::"), entry("")].joined(separator: ",")) == ["tcp 8080 to port 80"])
    #expect(try mappings([entry("0.0.0.0"), entry("::", 81)].joined(separator: ",")).count == 2)
    #expect(try mappings([entry(""), entry("192.0.2.7", 81)].joined(separator: ",")).count == 2)
    #expect(try mappings([entry(""), entry("", 81, transport: "udp")].joined(separator: ",")).count == 2)
    for other in [entry("", 81), entry("0.0.0.0", 81), entry("::", 81)] {
      #expect(throws: JSONError.self) { try mappings([entry(""), other].joined(separator: ",")) }
      #expect(throws: JSONError.self) { try mappings([other, entry("")].joined(separator: ",")) }
    }
  }

  @Test("A container without an address of a family has no ports of it")
  func families() throws {
    let mappings = try configuration(
      #""runtimeConfig": {"portMappings": [{"hostPort": 1, "containerPort": 2, "protocol": "tcp"}, "#
        + #"{"hostPort": 3, "containerPort": 4, "protocol": "tcp", "hostIP": "::"}, "#
        + #"{"hostPort": 5, "containerPort": 6, "protocol": "tcp", "hostIP": "127.0.0.1"}]}"#
    ).mappings
    let v4 = try #require(IPAddress("10.1.0.2"))
    let v6 = try #require(IPAddress("fd00::2"))
    #expect(PublishedPort.ports(mappings, of: [v4]).map(\.hostPort) == [1, 5])
    #expect(PublishedPort.ports(mappings, of: [v6]).map(\.hostPort) == [1, 3])
    #expect(PublishedPort.ports(mappings, of: [v4, v6]).map(\.hostPort) == [1, 5, 1, 3])
    #expect(PublishedPort.ports(mappings, of: [v4, v6]).map(\.isReachableByLoopback) == [true, true, false, false])
  }

  // MARK: The record

  private func port(_ hostPort: UInt16, _ containerPort: UInt16, at host: String = "0.0.0.0") throws -> PublishedPort {
    PublishedPort(
      transport: .tcp, hostAddress: try #require(IPAddress(host)), hostPort: hostPort,
      containerAddress: try #require(IPAddress(host.contains(":") ? "fd00::2" : "10.1.0.2")),
      containerPort: containerPort)
  }

  @Test("A record is read as it was written, and a row of ports is one line of it")
  func record() throws {
    var record = PortMapRecord([])
    record.ports = [
      try port(8080, 80), try port(8081, 81), try port(8082, 82), try port(8083, 84), try port(9000, 85),
      try port(9000, 80, at: "::"), try port(9001, 81, at: "2001:db8::7"), try port(65535, 65535),
    ]
    record.conditionsV6 = "1f2e3d4c"
    record.localnetLink = "cni0"
    record.usesIPTables = true
    #expect(
      record.texts == [
        "tcp 0.0.0.0 8080-8082 10.1.0.2 80", "tcp 0.0.0.0 8083 10.1.0.2 84", "tcp 0.0.0.0 9000 10.1.0.2 85",
        "tcp :: 9000 fd00::2 80", "tcp 2001:db8::7 9001 fd00::2 81", "tcp 0.0.0.0 65535 10.1.0.2 65535",
        "conditions6 1f2e3d4c", "localnet cni0", "iptables",
      ])
    #expect(PortMapRecord(record.texts) == record)
  }

  @Test(
    "What is no record is passed over",
    arguments: [
      "", "tcp", "tcp 0.0.0.0 8080 10.1.0.2", "icmp 0.0.0.0 8080 10.1.0.2 80", "tcp x 8080 10.1.0.2 80",
      "tcp 0.0.0.0 9-8 10.1.0.2 80", "tcp 0.0.0.0 - 10.1.0.2 80", "tcp 0.0.0.0 70000 10.1.0.2 80",
      "tcp 0.0.0.0 8080 x 80", "tcp 0.0.0.0 8080 10.1.0.2 x", "localnet", "localnet ../x", "conditions4",
      "iptables now",
    ])
  func noRecord(_ text: String) {
    #expect(PortMapRecord([text]) == PortMapRecord([]))
  }

  // MARK: Conditions

  private func alternatives(_ tokens: [String], _ family: AddressFamily = .ipv4) throws -> [[Statement]] {
    try #require(try Conditions(tokens, family: family)).alternatives
  }

  private func network(_ text: String) throws -> CIDR { try #require(CIDR(text)) }

  @Test("The same conditions in the words of nft and of iptables")
  func languages() throws {
    let source = Statement.match(.sourceAddress(.ipv4), in: try network("10.0.0.0/8"))
    let link = Statement.match(.inputInterfaceName, differsFrom: .interfaceName("eth0"))
    for tokens in [
      ["ip", "saddr", "10.0.0.0/8", "iifname", "!=", "eth0"], ["ip saddr == 10.0.0.0/8 meta iifname ne \"eth0\""],
      ["-s", "10.0.0.0/8", "!", "-i", "eth0"], ["--source", "10.0.0.0/8", "!", "--in-interface", "eth0"],
    ] {
      #expect(try alternatives(tokens) == [[source, link]], "\(tokens)")
    }
  }

  @Test("One of a list is one way each; none of a list is one way")
  func lists() throws {
    let (one, two) = (try network("10.0.0.1/32"), try network("10.0.0.2/32"))
    let port = Statement.match(.sourcePort, equals: .port(53))
    let udp = Statement.match(.layer4Protocol, equals: .protocol(17))
    for list in [["{", "10.0.0.1,", "10.0.0.2", "}"], ["{10.0.0.1,10.0.0.2}"]] {
      #expect(
        try alternatives(["udp", "sport", "53", "ip", "daddr"] + list) == [
          [udp, port, .match(.destinationAddress(.ipv4), in: one)],
          [udp, port, .match(.destinationAddress(.ipv4), in: two)],
        ])
      #expect(
        try alternatives(["ip", "daddr", "!="] + list) == [
          [
            .match(.destinationAddress(.ipv4), notIn: one), .match(.destinationAddress(.ipv4), notIn: two),
          ]
        ])
    }
  }

  @Test("Marks and wildcards")
  func others() throws {
    let mask = Field.mark.masked([0xff, 0, 0, 0])
    let masked = [[Statement.match(mask, equals: .mark(1))]]
    #expect(try alternatives(["meta", "mark", "&", "0xff", "==", "0x1"]) == masked)
    #expect(try alternatives(["-m", "mark", "--mark", "0x1/0xff"]) == masked)
    #expect(try alternatives(["mark", "!=", "7"]) == [[.match(.mark, differsFrom: .mark(7))]])
    let links = [[Statement.match(.inputInterfaceName, equals: .bytes(Array("eth".utf8)))]]
    #expect(try alternatives(["iifname", "eth*"]) == links)
    #expect(try alternatives(["-i", "eth+"]) == links)
  }

  @Test("No words are no conditions", arguments: [[], [""], [" "]])
  func none(_ tokens: [String]) throws {
    #expect(try Conditions(tokens, family: .ipv4) == nil)
  }

  @Test(
    "What is not understood is named",
    arguments: [
      (["ip", "ttl", "64"], "\"ttl\" is not understood"), (["ip6", "saddr", "::1"], "\"ip6\" is not understood"),
      (["ip", "saddr", "::1"], "\"::1\" is not understood"), (["ip", "saddr"], "the last condition is not complete"),
      (["ip", "saddr", "{", "10.0.0.1"], "the last condition is not complete"),
      (["iifname", "a-name-of-16-byte"], "\"a-name-of-16-byte\" is not understood"),
      (["tcp", "dport", "65536"], "\"65536\" is not understood"), (["accept"], "\"accept\" is not understood"),
      (["-p", "tcp"], "\"-p\" is not understood"), (["-m", "limit"], "\"limit\" is not understood"),
      (["!", "-m", "mark"], "\"-m\" is not understood"),
      (["-m", "mark", "--mark"], "the last condition is not complete"),
      (["-s", "host.example"], "\"host.example\" is not understood"),
    ])
  func notUnderstood(_ tokens: [String], _ text: String) throws {
    let error = #expect(throws: PluginError.self) { try Conditions(tokens, family: .ipv4) }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.message == "failed to load netconf: conditionsV4: \(text)")
    #expect(error?.details?.contains("\"backend\": \"iptables\"") == true)
  }

  @Test("Lists multiply to 256 ways at most")
  func tooManyAlternatives() throws {
    let list = ["{", (1...16).map { "10.0.0.\($0)" }.joined(separator: ","), "}"]
    let product = ["ip", "saddr"] + list + ["ip", "daddr"] + list
    #expect(try alternatives(product).count == 256)
    for more in [["iifname", "{ eth0, eth1 }"], ["iifname", "eth0", "iifname", "{ eth1, eth2 }"]] {
      let error = #expect(throws: PluginError.self) { try Conditions(product + more, family: .ipv4) }
      #expect(error?.code == .invalidConfiguration)
      #expect(
        error?.message == "failed to load netconf: conditionsV4: the lists have more than 256 combinations")
    }
    // None of a list is one way, however long it is.
    #expect(try alternatives(product + ["iifname", "!=", "{ eth0, eth1 }"]).count == 256)
  }

  // MARK: The table

  @Test("A packet to an address of its own is looked up before one to any, in the fixed rules")
  func order() throws {
    let chain = try #require(PublishingLayout.layout.chains.first { $0.chain.reference.name == "host-ports" })
    let steps = chain.rules.map { rule -> String in
      for case .lookup(let lookup) in rule.expressions { return lookup.set }
      return rule.target ?? "mark"
    }
    #expect(
      steps == [
        "mark", "conditional-host-address-ports", "host-address-ports4", "host-address-ports6",
        "conditional-host-ports", "host-ports4", "host-ports6", "mark",
      ])
  }
}

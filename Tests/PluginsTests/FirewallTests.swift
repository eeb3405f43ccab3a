import CNI
import TestSupport
import Testing

@testable import Plugins

/// The firewall plugin, where one case of `testdata` is not enough: at once, and beside the reference.
@Suite("The firewall plugin")
struct FirewallTests {
  private let ours = PluginDirectory(path: "\(Peers.root)/bin")

  /// What the plugin is called with for a container that has two addresses on a bridge.
  private func configuration(_ number: Int, _ members: String = "") -> String {
    """
    {"cniVersion": "1.0.0", "name": "net1", "type": "firewall", \(members)
     "prevResult": {"cniVersion": "1.0.0",
       "interfaces": [{"name": "br0"}, {"name": "eth0", "sandbox": "/run/netns/c1"}],
       "ips": [{"address": "10.1.0.\(number)/24", "interface": 1}, {"address": "fd00:1::\(number)/64", "interface": 1}]}}
    """
  }

  private func call(
    _ command: String, _ number: Int, _ members: String = "", by plugins: PluginDirectory, in host: Host
  ) throws {
    let outcome = try PluginCall(
      command, "firewall", configuration(number, members).utf8, environment: ["CNI_CONTAINERID": "cid\(number)"],
      in: plugins
    ).run(in: host)
    try #require(outcome.status == 0, "\(command) \(number): \(outcome)")
  }

  private func output(_ command: String, in host: Host) throws -> String {
    let outcome = try host.run(Program("/bin/bash", ["--norc", "-c", command]))
    try #require(outcome.status == 0, "\(command): \(outcome)")
    return outcome.text
  }

  /// The rules of iptables, v4 and v6, without those that every host has.
  private func rules(in host: Host) throws -> [String] {
    try output("iptables -S; ip6tables -S", in: host).split(separator: "\n").map(String.init).filter {
      !$0.hasPrefix("-P")
    }
  }

  /// What there is, once, however many containers there are.
  private static let fixedRules: [String] = {
    let family = [
      "-N CNI-ADMIN", "-N CNI-FORWARD",
      #"-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD"#,
      #"-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j CNI-ADMIN"#,
      "-A CNI-FORWARD -m mark --mark 0x1000/0x1000 -m comment "
        + #"--comment "accepted in the table inet swift-cni" -j ACCEPT"#,
    ]
    return family + family
  }()

  @Test("Twenty-four ADDs at once on a clean host make no rule twice, and lose no element")
  func atOnceOnACleanHost() throws {
    let host = try Host()
    try host.makeContainer("c1")
    try atOnce(24) { number in try call("ADD", number + 2, by: ours, in: host) }
    #expect(try rules(in: host) == Self.fixedRules)
    let jumps = try output("nft list chain inet swift-cni forwarding-admin | grep -c jump", in: host)
    #expect(jumps == "1\n")
    for number in 2..<26 { try call("CHECK", number, by: ours, in: host) }

    try atOnce(24) { number in try call("DEL", number + 2, by: ours, in: host) }
    #expect(try rules(in: host) == Self.fixedRules)
    #expect(try output("nft list ruleset", in: host).contains("net1/") == false)
  }

  @Test("An ADD succeeds while somebody flushes all rules")
  func flushed() throws {
    let host = try Host()
    try host.makeContainer("c1")
    try atOnce(2) { thread in
      for _ in 0..<60 {
        if thread == 0 { try call("ADD", 2, by: ours, in: host) } else { _ = try output("nft flush ruleset", in: host) }
      }
    }
  }

  @Test("What the reference has made, a DEL of ours removes")
  func takeOver() throws {
    let host = try Host()
    try host.makeContainer("c1")
    let backend = #""backend": "iptables","#
    try call("ADD", 2, backend, by: Peers.referencePlugins, in: host)
    try call("ADD", 3, backend, by: Peers.referencePlugins, in: host)
    #expect(try rules(in: host).contains("-A CNI-FORWARD -s 10.1.0.2/32 -j ACCEPT"))

    try call("DEL", 2, by: ours, in: host)
    let left = try rules(in: host)
    #expect(!left.contains { $0.contains("10.1.0.2/") || $0.contains("fd00:1::2/") }, "\(left)")
    try call("CHECK", 3, backend, by: Peers.referencePlugins, in: host)
    try call("DEL", 3, by: ours, in: host)
    #expect(try rules(in: host) == Self.fixedRules.filter { !$0.contains("mark") })
  }

  @Test("Ours and the reference share the chains, whichever comes first", arguments: [true, false])
  func sideBySide(oursIsFirst: Bool) throws {
    let host = try Host()
    try host.makeContainer("c1")
    let backend = #""backend": "iptables","#
    if oursIsFirst { try call("ADD", 2, by: ours, in: host) }
    try call("ADD", 3, backend, by: Peers.referencePlugins, in: host)
    if !oursIsFirst { try call("ADD", 2, by: ours, in: host) }

    try call("CHECK", 2, by: ours, in: host)
    try call("CHECK", 3, backend, by: Peers.referencePlugins, in: host)
    let shared = try rules(in: host).filter { !$0.contains("/32") && !$0.contains("/128") }
    #expect(shared == Self.fixedRules)

    try call("DEL", 2, by: ours, in: host)
    try call("CHECK", 3, backend, by: Peers.referencePlugins, in: host)
    try call("DEL", 3, backend, by: Peers.referencePlugins, in: host)
    #expect(try rules(in: host) == Self.fixedRules)
  }

  // MARK: The chain of people's own rules

  @Test("A chain of one's own may have any name that nft reads back", arguments: usableNames)
  func usableName(_ name: String) throws {
    #expect(FirewallConfiguration.chainNameProblem(name) == nil)
    let host = try Host()
    try host.makeContainer("c1")
    try call("ADD", 2, #""iptablesAdminChainName": "\#(name)","#, by: ours, in: host)
    #expect(try output("nft list ruleset", in: host).contains("jump \(name)\n"))
    _ = try output("(echo flush ruleset; nft list ruleset) >/run/rules; nft -f /run/rules", in: host)
  }

  private static let usableNames = [
    "CNI-ADMIN", "DOCKER-USER", "MY_CHAIN", "Counter", "DROP2", "my-rules", "my_rules", "A",
  ]

  @Test(
    "A word of nft is no name of a chain",
    arguments: [
      "drop", "accept", "counter", "masquerade", "ip", "tcp", "return", "jump", "goto", "queue", "reject", "log",
      "limit", "meta", "ct", "chain", "table", "set", "map", "ip6", "icmpv6", "rt0", "auto-merge", "gc-interval",
    ])
  func wordOfNft(_ name: String) throws {
    let problem = FirewallConfiguration.chainNameProblem(name)
    #expect(problem == "it could be a word of nft, unless there is a capital letter, _ or - in it")
    // It is one: nft does not read what the kernel would have printed with it.
    let rules = "table inet t {\nchain \(name) {\n}\n}\n"
    _ = try output("! printf '\(rules)' | nft -c -f - 2>/dev/null", in: Host())
  }

  @Test("The name of one of our chains is no name for another one")
  func ownChainName() throws {
    let host = try Host()
    try host.makeContainer("c1")
    _ = try output("ip link add br0 type bridge && ip addr add 10.1.0.1/24 dev br0 && ip link set br0 up", in: host)
    try call("ADD", 2, by: ours, in: host)
    let ports = #"{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}"#
    let calls = [
      ("portmap", "eth0", configuration(2, #""runtimeConfig": {"portMappings": [\#(ports)]},"#)),
      (
        "bridge", "eth7",
        #"{"cniVersion": "1.0.0", "name": "net2", "bridge": "br1", "ipMasq": true, "isGateway": true, "#
          + #""ipam": {"type": "static", "addresses": [{"address": "10.2.0.2/24"}]}}"#
      ),
    ]
    for (plugin, interface, text) in calls {
      let outcome = try PluginCall("ADD", plugin, text.utf8, environment: ["CNI_IFNAME": interface], in: ours)
        .run(in: host)
      #expect(outcome.status == 0, "\(plugin): \(outcome)")
    }
    let listing = try output("nft -j list table inet swift-cni | jq -r '.nftables[].chain.name // empty'", in: host)
    let names = listing.split(separator: "\n").map(String.init).filter { $0 != "CNI-ADMIN" }
    #expect(names.count > 15, "\(names)")
    for name in names { #expect(PacketRules.isChainName(name), "\(name)") }
    let problem = "names like that are those of swift-cni's own chains"
    #expect(FirewallConfiguration.chainNameProblem("host-ports") == problem)
  }

  // MARK: D-Bus

  @Test("A call goes over the socket as the specification has it")
  func encodedCall() {
    let call = DBusCall(destination: "a.b", path: "/a", interface: "a.b", member: "m", arguments: ["x", "yz"])
    let bytes: [UInt8] =
      [0x6c, 1, 0, 1] + [15, 0, 0, 0]  // a call; the length of the body
      + [7, 0, 0, 0] + [72, 0, 0, 0]  // the number; the length of the fields
      + [1, 1, 0x6f, 0, 2, 0, 0, 0, 0x2f, 0x61, 0, 0, 0, 0, 0, 0]  // path "/a"
      + [2, 1, 0x73, 0, 3, 0, 0, 0, 0x61, 0x2e, 0x62, 0, 0, 0, 0, 0]  // interface "a.b"
      + [3, 1, 0x73, 0, 1, 0, 0, 0, 0x6d, 0, 0, 0, 0, 0, 0, 0]  // member "m"
      + [6, 1, 0x73, 0, 3, 0, 0, 0, 0x61, 0x2e, 0x62, 0, 0, 0, 0, 0]  // destination "a.b"
      + [8, 1, 0x67, 0, 2, 0x73, 0x73, 0]  // signature "ss"
      + [1, 0, 0, 0, 0x78, 0, 0, 0] + [2, 0, 0, 0, 0x79, 0x7a, 0]  // "x", "yz"
    #expect(call.encoded(serial: 7) == bytes)
  }

  /// An error that answers the call 7: its name "a.b", its text "no".
  private let error: [UInt8] =
    [0x6c, 3, 0, 1] + [7, 0, 0, 0] + [9, 0, 0, 0] + [31, 0, 0, 0]
    + [5, 1, 0x75, 0, 7, 0, 0, 0]
    + [4, 1, 0x73, 0, 3, 0, 0, 0, 0x61, 0x2e, 0x62, 0, 0, 0, 0, 0]
    + [8, 1, 0x67, 0, 1, 0x73, 0, 0]
    + [2, 0, 0, 0, 0x6e, 0x6f, 0]

  @Test("An answer is read; one that is cut is none, wherever")
  func decodedReply() throws {
    #expect(DBusReply.length(from: Array(error.prefix(16))) == error.count)
    let reply = try #require(DBusReply(error))
    #expect(reply.kind == .error)
    #expect(reply.replySerial == 7)
    #expect(reply.errorName == "a.b")
    #expect(reply.text == "no")
    for length in 0..<error.count { #expect(DBusReply(Array(error.prefix(length))) == nil, "\(length)") }
  }

  @Test("No byte of an answer makes the reader fail otherwise than by saying so")
  func hostileReply() {
    for position in error.indices {
      for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
        var bytes = error
        bytes[position] = value
        _ = DBusReply.length(from: Array(bytes.prefix(16)))
        _ = DBusReply(bytes)
      }
    }
  }

  @Test(
    "The address of a bus",
    arguments: [
      ("unix:path=/run/bus", "/run/bus"), ("unix:guid=0a,path=/run/bus;unix:path=/other", "/run/bus"),
      ("tcp:host=localhost;unix:abstract=bus", "\0bus"), ("tcp:host=localhost", nil), ("", nil),
    ] as [(String, String?)])
  func address(_ text: String, _ name: String?) {
    #expect(DBusConnection.socketName(in: text) == name)
  }
}

import NFTables
import NetworkAddresses
import TestSupport
import Testing

/// Rules that iptables makes, and rules that it is to understand.
@Suite("iptables")
struct ExtensionTests {
  private let table = TableReference(family: .ip, name: "nat")

  @Test("its rules are read")
  func read() throws {
    let machine = try Machine()
    try iptables(machine, ["-t", "nat", "-N", "CNI-X"])
    let comment = "name: \"net\" id: \"c1\""
    try iptables(
      machine,
      ["-t", "nat", "-A", "POSTROUTING", "-s", "10.1.0.2/32", "-m", "comment", "--comment", comment, "-j", "CNI-X"])
    try iptables(machine, ["-t", "nat", "-A", "CNI-X", "!", "-d", "224.0.0.0/4", "-j", "MASQUERADE"])

    let postrouting = ChainReference(table, "POSTROUTING")
    let rule = try #require(try machine.socket.rules(of: postrouting).first)
    #expect(rule.comment == comment)
    #expect(rule.target == "CNI-X")
    let handle = try #require(rule.handle)
    #expect(rule.expressions.map(\.name) == ["payload", "cmp", "match", "counter", "immediate"])
    #expect(rule.expressions[0] == .payload(Payload(.networkHeader, offset: 12, length: 4)))
    #expect(rule.expressions[1] == .compare(Compare(.equal, [10, 1, 0, 2])))
    let masquerade = try #require(try machine.socket.rules(of: ChainReference(table, "CNI-X")).first)
    guard case .target(let target)? = masquerade.expressions.last else {
      Issue.record("\(masquerade)")
      return
    }
    #expect(target.name == "MASQUERADE")
    #expect(!target.information.isEmpty)
    #expect(masquerade.comment == nil)
    #expect(masquerade.target == nil)

    var batch = Batch()
    batch.deleteRule(handle: handle, from: postrouting)
    batch.delete(ChainReference(table, "CNI-X"))
    try machine.socket.commit(batch)
    #expect(try machine.socket.rules(of: postrouting).isEmpty)
    #expect(try machine.socket.chain(ChainReference(table, "CNI-X")) == nil)
  }

  @Test("what was read can be written")
  func copy() throws {
    let machine = try Machine()
    try iptables(machine, ["-t", "nat", "-N", "A"])
    try iptables(machine, ["-t", "nat", "-N", "B"])
    let rules = [
      ["-s", "10.1.0.2/32", "-m", "comment", "--comment", "words", "-j", "MASQUERADE"],
      ["-m", "mark", "--mark", "0x2000/0x2000", "-j", "RETURN"],
      ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "MARK", "--set-xmark", "0x1/0x1"],
    ]
    for rule in rules { try iptables(machine, ["-t", "nat", "-A", "A"] + rule) }
    var batch = Batch()
    for rule in try machine.socket.rules(of: ChainReference(table, "A")) {
      // The comment is among the expressions.
      batch.append(Rule(rule.expressions), to: ChainReference(table, "B"))
    }
    #expect(batch.count == rules.count)
    try machine.socket.commit(batch)
    let original = try iptables(machine, ["-t", "nat", "-S", "A"]).split(separator: "\n").dropFirst()
    let copies = try iptables(machine, ["-t", "nat", "-S", "B"]).split(separator: "\n").dropFirst()
    #expect(copies.map { String($0).replacing("-A B", with: "-A A") } == original.map(String.init))
    #expect(copies.count == rules.count)
  }

  @Test("it understands native matches of a mark, jumps, and comments")
  func write() throws {
    let machine = try Machine()
    try iptables(machine, ["-A", "FORWARD", "-s", "192.0.2.1/32", "-j", "DROP"])
    let filter = TableReference(family: .ip, name: "filter")
    let own = ChainReference(filter, "CNI-FORWARD")
    var batch = Batch()
    batch.create(Chain(own))
    batch.insert(
      Rule(.counter, .jump("CNI-FORWARD"), comment: "CNI firewall plugin rules"),
      atFrontOf: ChainReference(filter, "FORWARD"))
    batch.append(Rule(.mark(has: 0x1000), .counter, .accept, comment: "accepted by swift-cni"), to: own)
    try machine.socket.commit(batch)
    let lines = try iptables(machine, ["-S"]).split(separator: "\n").map { String($0) }
    #expect(
      lines.filter { $0.hasPrefix("-A") } == [
        "-A FORWARD -m comment --comment \"CNI firewall plugin rules\" -j CNI-FORWARD",
        "-A FORWARD -s 192.0.2.1/32 -j DROP",
        "-A CNI-FORWARD -m mark --mark 0x1000/0x1000 -m comment --comment \"accepted by swift-cni\" -j ACCEPT",
      ])
  }

  @discardableResult
  private func iptables(_ machine: borrowing Machine, _ arguments: [String]) throws -> String {
    try machine.tools.run("/usr/sbin/iptables-nft", arguments)
  }
}

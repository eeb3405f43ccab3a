import TestSupport
import Testing

/// What an attachment's rules cost does not depend on how many attachments the host has. Counted and not timed: system
/// calls, the bytes that go through them, and the rules that a packet meets.
@Suite("Packet rules: flat in cost", .oursOnly("there all grows")) struct PacketRuleFlatnessTests {
  /// How many system calls more are no growth: an answer of the kernel may be there at once or waited for.
  private static let toleratedCalls = 8

  /// How many bytes more are no growth: a number of one digit more, here and there.
  private static let toleratedBytes = 256

  private static let network = NetworkList.bridge(
    1, #""ipMasq": true, "macspoofchk": true"#, .portMap(), .firewall())

  private static func attach(_ name: String, _ port: Int, to node: ConnectedHost) throws -> AttachedContainer {
    try node.attach(name, to: network, capabilities: ports("tcp \(port) 80", "udp \(port + 1) 53"))
  }

  /// What the calls for one container cost.
  private struct Cost: CustomStringConvertible {
    let call: String
    let systemCalls: Int
    let bytes: Int

    var description: String { "\(call): \(systemCalls) system calls, \(bytes) bytes" }
  }

  /// The costs of a container that comes, is looked at and goes.
  private func costs(of name: String, _ node: ConnectedHost) throws -> [Cost] {
    let attachment = AttachedContainer(
      of: try node.makeContainer(name), in: node.host, to: Self.network,
      capabilities: ports("tcp 8080 80", "udp 8081 53"))
    var costs: [Cost] = []
    for command in ["ADD", "CHECK", "DEL"] {
      let outcome = try attachment.call(command) { step in
        var traced = step.program
        let wrapper = SystemCallTrace.wrapper(writingTo: "/run/trace") + [step.program.path]
        traced.path = wrapper[0]
        traced.arguments = Array(wrapper.dropFirst())
        let outcome = try node.host.run(traced)
        let trace = SystemCallTrace(parsing: try node.host.shell("cat /run/trace"))
        costs.append(
          Cost(call: "\(command) of \(step.plugin)", systemCalls: trace.calls.count, bytes: trace.bytesExchanged))
        return outcome
      }
      #expect(outcome.status == 0, "\(command): \(outcome)")
    }
    return costs
  }

  @Test("with one other attachment, and with 5001 of two ports each")
  func flat() throws {
    try SystemCallTrace.require()
    let node = try ConnectedHost()
    let template = try Self.attach("c1", 7070, to: node)
    let listener = try Listener(.tcp, 80, in: template.container)
    // Where no connection is tracked, stale ones need not be looked for. A real host has some, and so has this one now.
    #expect(try listener.isReached(from: node.outside, at: Endpoint("192.0.2.1", 7070)))
    // The first container of a node brings the fixed rules with it, and a bridge.
    let few = try costs(of: "c2", node)
    let rules = try rulesWithoutElements(node)
    try multiply(template, in: node, 5000)
    let many = try costs(of: "c3", node)
    #expect(few.count == 9 && many.count == few.count)
    for (few, many) in zip(few, many) {
      #expect(many.systemCalls - few.systemCalls <= Self.toleratedCalls, "\(few), then \(many)")
      #expect(many.bytes - few.bytes <= Self.toleratedBytes, "\(few), then \(many)")
    }
    #expect(try rulesWithoutElements(node) == rules)
    // They were all there, and still are.
    let listed = try node.host.shell("nft list ruleset | grep -c copy05000")
    #expect(Int(listed.filter(\.isNumber)) ?? 0 > 6)
    #expect(try listener.isReached(from: node.outside, at: Endpoint("192.0.2.1", 7070)))
  }

  private func multiply(_ template: AttachedContainer, in node: ConnectedHost, _ count: Int) throws {
    let addresses = try template.addresses
    let hardware = try template.container.shell("ip -br link show eth0 | awk '{ print $3 }'")
    let link = try node.host.shell("ip -br link show master br1 | cut -d @ -f 1")
    try node.host.shell(
      """
      '\(Peers.root)/Benchmarks/multiply-attachment' \(count) id=\(template.identifier) \
        address4=\(addresses[0]) address6=\(addresses[1]) port=7070 port=7071 \
        link=\(link.filter { $0 != "\n" }) hardware=\(hardware.filter { $0 != "\n" })
      """)
  }

  /// The whole ruleset but for what is in the sets.
  private func rulesWithoutElements(_ node: ConnectedHost) throws -> String {
    try node.host.shell("nft --stateless list ruleset | awk '/elements = /{ inside = 1 } !inside; /}$/{ inside = 0 }'")
  }
}

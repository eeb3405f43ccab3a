import CLinux
@testable import Conntrack
import LinuxSystem
import Netlink
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@Suite("Flows of one mapping go, and no others")
struct DeleteFlowsTests {
  /// Flows that differ from those of the mapping UDP 8053 → 10.1.0.2:53 in one thing each, and those of the mapping.
  private static func neighborhood(_ transport: UInt8) throws -> (mine: [MadeFlow], others: [MadeFlow]) {
    func flow(
      _ client: String = "10.9.0.1", _ port: UInt16 = 40000, to host: String = "192.0.2.1", _ hostPort: UInt16 = 8053,
      by container: String = "10.1.0.2", _ containerPort: UInt16 = 53, transport other: UInt8? = nil
    ) throws -> MadeFlow {
      try MadeFlow(
        other ?? transport, from: client, port, to: host, hostPort, answeredBy: container, containerPort)
    }
    let mine = [
      try flow(), try flow("10.9.0.1", 40001), try flow("10.9.0.2"), try flow("127.0.0.1", to: "127.0.0.1"),
    ]
    let others = [
      try flow("10.9.0.3", 8054, to: "192.0.2.1", 8054),  // another port of the host
      try flow("10.9.0.4", to: "192.0.2.1", 8053, by: "10.1.0.3"),  // to another container
      try flow("10.9.0.5", to: "192.0.2.1", 8053, by: "10.1.0.2", 54),  // to another port of it
      try flow("10.9.0.6", transport: transport == .udp ? .tcp : .udp),  // another protocol
      try flow("10.1.0.2", 8053, to: "10.9.0.7", 53, by: "10.9.0.7", 53),  // from the container, with the ports swapped
      try flow("10.9.0.8", 53, to: "10.1.0.2", 53, by: "10.1.0.2", 53),  // to the container directly
      try MadeFlow(
        transport, from: "fd00:9::1", to: "fd00::1", 8053, answeredBy: "fd00:1::2", 53),  // the other family
    ]
    return (mine, others)
  }

  @Test("by port and by who answers", arguments: [UInt8.tcp, .udp, .sctp])
  func exactly(_ transport: UInt8) throws {
    let table = try FlowTable()
    let (mine, others) = try Self.neighborhood(transport)
    try table.add(mine + others)
    let filter = FlowFilter(to: 8053, family: .ipv4, transport: transport)
      .answered(by: try #require(IPAddress("10.1.0.2")), port: 53)
    #expect(try table.conntrack.flows(matchingAnyOf: [filter]).count == mine.count)
    #expect(try table.conntrack.deleteFlows(matchingAnyOf: [filter]) == mine.count)
    try expect(table, others)
    #expect(try table.conntrack.deleteFlows(matchingAnyOf: [filter]) == 0)
    try expect(table, others)
  }

  @Test("by who answers, whatever the port of the host", arguments: [UInt8.tcp, .udp, .sctp])
  func byAnswerer(_ transport: UInt8) throws {
    let table = try FlowTable()
    let mine = [
      try MadeFlow(transport, from: "fd00:9::1", to: "fd00::1", 8053, answeredBy: "fd00:1::2", 53),
      try MadeFlow(transport, from: "fd00:9::1", 40001, to: "fd00::1", 9053, answeredBy: "fd00:1::2", 53),
    ]
    let others = [
      try MadeFlow(transport, from: "fd00:9::2", to: "fd00::1", 8053, answeredBy: "fd00:1::3", 53),
      try MadeFlow(transport, from: "fd00:9::3", to: "fd00::1", 8054, answeredBy: "fd00:1::2", 54),
      try MadeFlow(transport, from: "fd00:1::2", 53, to: "fd00:9::3", 53, answeredBy: "fd00:9::3", 53),
    ]
    try table.add(mine + others)
    let filter = FlowFilter(answeredBy: try #require(IPAddress("fd00:1::2")), port: 53, transport: transport)
    #expect(try table.conntrack.deleteFlows(matchingAnyOf: [filter]) == mine.count)
    try expect(table, others)
  }

  @Test("by port at one address of the host")
  func atAddress() throws {
    let table = try FlowTable()
    let mine = [try MadeFlow(.udp, from: "10.9.0.1", to: "192.0.2.1", 53, answeredBy: "192.0.2.1", 53)]
    let others = [
      try MadeFlow(.udp, from: "10.9.0.1", to: "192.0.2.2", 53, answeredBy: "192.0.2.2", 53),
      try MadeFlow(.udp, from: "10.1.0.2", to: "8.8.8.8", 53, answeredBy: "8.8.8.8", 53),
    ]
    try table.add(mine + others)
    let filter = FlowFilter(to: 53, at: IPAddress("192.0.2.1"), family: .ipv4, transport: .udp)
    #expect(try table.conntrack.deleteFlows(matchingAnyOf: [filter]) == 1)
    try expect(table, others)
  }

  @Test("whoever asks may look at each before it goes")
  func whereWanted() throws {
    let table = try FlowTable()
    let mine = [try MadeFlow(.udp, from: "10.9.0.1", to: "192.0.2.1", 53, answeredBy: "192.0.2.1", 53)]
    let others = [try MadeFlow(.udp, from: "10.1.0.2", to: "8.8.8.8", 53, answeredBy: "8.8.8.8", 53)]
    try table.add(mine + others)
    let filter = FlowFilter(to: 53, family: .ipv4, transport: .udp)
    let deleted = try table.conntrack.deleteFlows(matchingAnyOf: [filter]) { flow in
      flow.original.destination == IPAddress("192.0.2.1")
    }
    #expect(deleted == 1)
    try expect(table, others)
  }

  @Test("of several mappings at once, of both families and more than one message has room for")
  func several() throws {
    let table = try FlowTable()
    let ports = 1...150 as ClosedRange<UInt16>
    let mine = try ports.flatMap { port in
      [
        try MadeFlow(.udp, from: "10.9.0.1", to: "192.0.2.1", 1000 + port, answeredBy: "10.1.0.2", port),
        try MadeFlow(.udp, from: "fd00:9::1", to: "fd00::1", 1000 + port, answeredBy: "fd00:1::2", port),
      ]
    }
    let others = [
      try MadeFlow(.udp, from: "10.9.0.1", to: "192.0.2.1", 1151, answeredBy: "10.1.0.2", 151),
      try MadeFlow(.udp, from: "10.9.0.2", to: "192.0.2.1", 2001, answeredBy: "10.1.0.2", 1),
      try MadeFlow(.udp, from: "fd00:9::2", to: "fd00::1", 2001, answeredBy: "fd00:1::2", 1),
    ]
    try table.add(mine + others)
    let v4 = try #require(IPAddress("10.1.0.2"))
    let v6 = try #require(IPAddress("fd00:1::2"))
    let filters = ports.flatMap { port in
      [
        FlowFilter(to: 1000 + port, family: .ipv4, transport: .udp).answered(by: v4, port: port),
        FlowFilter(to: 1000 + port, family: .ipv6, transport: .udp).answered(by: v6, port: port),
      ]
    }
    #expect(try table.conntrack.deleteFlows(matchingAnyOf: filters) == mine.count)
    try expect(table, others)
  }

  @Test("no filter is no flow")
  func withoutFilter() throws {
    let table = try FlowTable()
    let (mine, others) = try Self.neighborhood(.udp)
    try table.add(mine + others)
    #expect(try table.conntrack.deleteFlows(matchingAnyOf: []) == 0)
    try expect(table, mine + others)
  }

  @Test("in a zone of its own a flow is found, and its twin in the common zone stays")
  func zone() throws {
    let table = try FlowTable()
    var mine = try MadeFlow(.udp, from: "10.9.0.1", to: "192.0.2.1", 8053, answeredBy: "10.1.0.2", 53)
    mine.zone = 7
    var other = mine
    other.zone = 0
    try table.add([mine, other])
    let filter = FlowFilter(to: 8053, family: .ipv4, transport: .udp)
    #expect(try table.conntrack.deleteFlows(matchingAnyOf: [filter]) { $0.zone == 7 } == 1)
    try expect(table, [other])
  }

  @Test("a flow with another number than the one that was seen stays")
  func successor() throws {
    let table = try FlowTable()
    let made = try MadeFlow(.udp, from: "10.9.0.1", to: "192.0.2.1", 8053, answeredBy: "10.1.0.2", 53)
    try table.add([made])
    let seen = try #require(try table.flows().first)
    let earlier = Flow(
      transport: seen.transport, original: seen.original, reply: seen.reply, id: seen.id ^ 1,
      originalAttribute: seen.originalAttribute)
    let error = #expect(throws: NetlinkError.self) { try table.perform(ConntrackSocket.deleteRequest(earlier)) }
    #expect(error?.code == .noSuchFileOrDirectory)
    #expect(error?.operation == "delete flow from 10.9.0.1 port 40000 to 192.0.2.1 port 8053")
    try expect(table, [made])
  }

  @Test("the kernel sends what is meant and nothing else, for TCP and UDP", arguments: [UInt8.tcp, .udp])
  func kernelFilters(_ transport: UInt8) throws {
    let table = try FlowTable()
    let (mine, others) = try Self.neighborhood(transport)
    try table.add(mine + others)
    let filter = FlowFilter(to: 8053, family: .ipv4, transport: transport)
    let exact = filter.answered(by: try #require(IPAddress("10.1.0.2")), port: 53)
    #expect(try table.answer(to: ConntrackSocket.listRequest(exact)).count == mine.count)
    // Two of the others are to the same port.
    #expect(try table.answer(to: ConntrackSocket.listRequest(filter)).count == mine.count + 2)
    let local = try #require(IPAddress("127.0.0.1"))
    let atAddress = FlowFilter(to: 8053, at: local, family: .ipv4, transport: transport)
    #expect(try table.answer(to: ConntrackSocket.listRequest(atAddress)).count == 1)
  }

  @Test("the kernel compares the ports of IPv6 flows; what it sends too much of is left alone")
  func kernelFiltersIPv6() throws {
    let table = try FlowTable()
    let mine = [try MadeFlow(.udp, from: "fd00:9::1", to: "fd00::1", 8053, answeredBy: "fd00:1::2", 53)]
    let others = [
      try MadeFlow(.udp, from: "fd00:9::2", to: "fd00::1", 8053, answeredBy: "fd00:1::3", 53),
      try MadeFlow(.udp, from: "fd00:9::1", to: "fd00::1", 8054, answeredBy: "fd00:1::2", 54),
    ]
    try table.add(mine + others)
    let filter = FlowFilter(to: 8053, at: IPAddress("fd00::1"), family: .ipv6, transport: .udp)
      .answered(by: try #require(IPAddress("fd00:1::2")), port: 53)
    #expect(try table.answer(to: ConntrackSocket.listRequest(filter)).count == 2)
    #expect(try table.conntrack.deleteFlows(matchingAnyOf: [filter]) == 1)
    try expect(table, others)
  }

  /// The table has these flows and no others.
  private func expect(
    _ table: borrowing FlowTable, _ expected: [MadeFlow], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let flows = try table.flows()
    #expect(flows.count == expected.count, sourceLocation: sourceLocation)
    for made in expected {
      #expect(flows.contains { made.isSame(as: $0) }, "\(made.testDescription)", sourceLocation: sourceLocation)
    }
  }
}

import CLinux
@testable import Netlink
import NetworkAddresses
@testable import RouteNetlink
import TestSupport
import Testing

@Suite("Messages as written down in testdata/netlink")
struct FixtureTests {
  // MARK: What the kernel says

  @Test("a veth that is a bridge's port")
  func linkVeth() throws {
    let link = try link("kernel-link-veth")
    #expect(link.name == "veth0")
    #expect(link.kind == "veth")
    #expect(link.isUp)
    #expect(link.address == MACAddress("0a:58:0a:01:00:01"))
    #expect(link.broadcast == MACAddress("ff:ff:ff:ff:ff:ff"))
    #expect(link.mtu == 1400)
    #expect(link.group == 77)
    #expect(link.alias == "cable")
    #expect(link.alternativeNames == ["the-near-end-of-the-cable"])
    #expect(link.transmitQueues == 1)
    #expect(link.promiscuityCount == 1)
    #expect(link.operationalState == .up)
    #expect(link.master != nil)
    #expect(link.peerIndex != nil)
    #expect(link.linkNamespaceID == nil)
    #expect(link.bridge == nil)
    let port = try #require(link.bridgePort)
    #expect(port.hairpin == true)
    #expect(port.isolated == true)
    #expect(port.learning == true)
    #expect(port.guardsSpanningTree == false)
  }

  @Test("a bridge, and the loopback")
  func otherLinks() throws {
    let bridge = try link("kernel-link-bridge")
    #expect(bridge.kind == "bridge")
    #expect(bridge.bridge != nil)
    #expect(bridge.peerIndex == nil)
    let loopback = try link("kernel-link-loopback")
    #expect(loopback.kind == nil)
    #expect(loopback.index == 1)
    #expect(loopback.flags == .loopback)
  }

  @Test("addresses")
  func addresses() throws {
    let v4 = try address("kernel-address-ipv4")
    #expect(v4.cidr == CIDR("10.1.0.7/24"))
    #expect(v4.broadcast == IPAddress("10.1.0.255"))
    #expect(v4.label == "eth0")
    #expect(v4.peer == nil)
    #expect(v4.flags == .permanent)
    #expect(try address("kernel-address-ipv6").scope == .universe)
    let peer = try address("kernel-address-peer")
    #expect(peer.cidr == CIDR("10.3.0.7/32"))
    #expect(peer.peer == IPAddress("10.3.0.1"))
  }

  @Test("routes")
  func routes() throws {
    let metrics = try route("kernel-route-with-metrics")
    #expect(
      metrics
        == Route(
          to: try #require(CIDR("10.9.0.0/16")), via: IPAddress("10.1.0.1"), linkIndex: metrics.linkIndex, priority: 77,
          table: 70000, mtu: 1280, advertisedMSS: 1200))
    let multipath = try route("kernel-route-multipath")
    #expect(multipath.nexthops.map { $0.gateway?.description } == ["10.1.0.1", "10.1.0.2"])
    #expect(multipath.nexthops.map(\.weight) == [3, 1])
    #expect(multipath.gateway == nil)
    let other = try route("kernel-route-via-ipv6")
    #expect(other.destination == CIDR("10.7.0.0/16"))
    #expect(other.gateway == IPAddress("fd00::1"))
    let v6 = try route("kernel-route-ipv6")
    #expect(v6.destination == CIDR("fd09::/32"))
    #expect(v6.mtu == 1280)
    #expect(v6.priority == 1024)
  }

  @Test("a neighbour")
  func neighbour() throws {
    let neighbor = try decode(HexFixture("kernel-neighbour").bytes) { (message) throws(MalformedMessage) in
      try Neighbor(message)
    }
    #expect(neighbor.address == IPAddress("10.1.0.9"))
    #expect(neighbor.hardwareAddress == MACAddress("02:00:00:00:00:01"))
    #expect(neighbor.state == .permanent)
  }

  // MARK: What we say

  @Test("an address is what ip(8) says, byte for byte", arguments: ["ip-add-address-ipv4", "ip-add-address-ipv6"])
  func addAddress(_ name: String) throws {
    let address = try address(name)
    let index = try #require(address.linkIndex)
    try expect(.addAddress(address, to: index), name)
  }

  @Test("a neighbour is what ip(8) says, byte for byte")
  func addNeighbour() throws {
    let name = "ip-add-neighbour"
    let neighbor = try decode(HexFixture(name).bytes) { (message) throws(MalformedMessage) in try Neighbor(message) }
    try expect(.addNeighbor(neighbor), name)
  }

  @Test("a route with two ways is what ip(8) says, byte for byte")
  func addMultipath() throws {
    let name = "ip-add-route-multipath"
    try expect(.addRoute(try route(name), mode: .exclusive), name)
  }

  @Test("a route with metrics is what ip(8) says, in another order")
  func addRouteWithMetrics() throws {
    // Encoding what was decoded gives the same value; its bytes are a fixture of their own.
    let route = try route("ip-add-route-with-metrics")
    let request = RouteRequest.addRoute(route, mode: .create).request
    let again = try decode(request.bytes) { (message) throws(MalformedMessage) in try Route(message) }
    #expect(again == route)
    var withFixedIndex = route
    withFixedIndex.linkIndex = 4
    try expect(.addRoute(withFixedIndex, mode: .create), "add-route-with-metrics")
  }

  @Test("a pair of links in one message")
  func addVeth() throws {
    try expect(
      .addLink(
        LinkSpecification(
          name: "veth0",
          kind: .veth(
            VethSpecification(
              peer: LinkSpecification(
                name: "eth0", mtu: 1400, address: MACAddress("0a:58:0a:01:00:07"), transmitQueues: 1, receiveQueues: 1),
              peerNamespace: 9)),
          mtu: 1400, address: MACAddress("0a:58:0a:01:00:01"), master: 5, isUp: true, transmitQueues: 1,
          receiveQueues: 1, group: 77)), "add-veth")
  }

  @Test("settings of a bridge's port, and its VLANs")
  func bridgePort() throws {
    try expect(.setBridgePort(.index(5), BridgePortSettings(hairpin: true, isolated: true)), "set-bridge-port")
    try expect(.addBridgeVLAN(port: 5, id: 100, pvid: true, untagged: true), "add-bridge-vlan")
  }

  @Test("VLANs of a port are read as they are written")
  func vlans() throws {
    let bytes = try HexFixture("add-bridge-vlan").bytes
    let vlans = try decode(bytes) { (message) throws(MalformedMessage) in try BridgeVLAN.list(message, of: 5) }
    #expect(vlans == [BridgeVLAN(id: 100, isPVID: true, isUntagged: true)])
    #expect(throws: MalformedMessage.self) {
      _ = try decode(bytes) { (message) throws(MalformedMessage) in try BridgeVLAN.list(message, of: 6) }
    }
  }

  private func expect(_ request: RouteRequest, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws
  {
    let expected = try HexFixture(name).bytes
    #expect(hexadecimal(request.request.bytes) == hexadecimal(expected), sourceLocation: sourceLocation)
  }

  /// Four bytes a line, so that a difference is found by eye.
  private func hexadecimal(_ bytes: [UInt8]) -> [String] {
    stride(from: 0, to: bytes.count, by: 4).map { start in
      bytes[start..<min(start + 4, bytes.count)].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        .joined(separator: " ")
    }
  }

  private func link(_ name: String) throws -> Link {
    try decode(HexFixture(name).bytes) { (message) throws(MalformedMessage) in try Link(message) }
  }

  private func address(_ name: String) throws -> LinkAddress {
    try decode(HexFixture(name).bytes) { (message) throws(MalformedMessage) in try LinkAddress(message) }
  }

  private func route(_ name: String) throws -> Route {
    try decode(HexFixture(name).bytes) { (message) throws(MalformedMessage) in try Route(message) }
  }
}

/// Decodes the first message; no message, or one that is passed over, is an error.
func decode<Value>(_ bytes: [UInt8], _ body: (borrowing Message) throws(MalformedMessage) -> Value?)
  throws(MalformedMessage) -> Value
{
  var messages = MessageCursor(bytes.span.bytes)
  guard let message = try messages.next(), let value = try body(message) else { throw MalformedMessage("nothing") }
  return value
}

import TestSupport
import Testing

/// Whom somebody outside sees when a container of a network with `ipMasq` talks to him.
@Suite("Traffic: masquerade") struct TrafficMasqueradeTests {
  private static let masqueraded = #""ipMasq": true"#

  @Test("outside, the host is seen", arguments: [Transport.tcp, .udp])
  func outside(_ transport: Transport) throws {
    let node = try ConnectedHost()
    let first = try node.attach("c1", to: .bridge(1, Self.masqueraded))
    let plain = try node.attach("c2", to: .bridge(2))
    for (address, outside) in zip(ConnectedHost.addresses, ConnectedHost.outsideAddresses) {
      let listener = try Listener(transport, 80, on: outside, in: node.outside)
      #expect(try listener.reached(from: first.container, at: Endpoint(outside, 80)) == address)
      #expect(
        try listener.reached(from: plain.container, at: Endpoint(outside, 80)) == plain.address(like: outside))
    }
    try first.mustSucceed("CHECK")
    try first.mustSucceed("DEL")
    // Whoever gets the address next, without masquerade, is not masqueraded.
    try node.host.shell("rm -r /var/lib/cni/networks/net1")
    let next = try node.attach("c3", to: .bridge(1))
    #expect(try next.addresses == ["10.1.0.2", "fd00:1::2"])
    let listener = try Listener(transport, 80, in: node.outside)
    #expect(try listener.reached(from: next.container, at: Endpoint("192.0.2.2", 80)) == "10.1.0.2")
  }

  @Test("inside of the network, the container is seen", arguments: BridgeFiltering.allCases)
  func inside(_ filtering: BridgeFiltering) throws {
    let node = try ConnectedHost()
    try filtering.set(in: node.host)
    let first = try node.attach("c1", to: .bridge(1, Self.masqueraded))
    let second = try node.attach("c2", to: .bridge(1, Self.masqueraded))
    for address in try second.addresses {
      let listener = try Listener(.udp, 53, on: address, in: second.container)
      #expect(
        try listener.reached(from: first.container, at: Endpoint(address, 53)) == first.address(like: address))
    }
    // The host as well, which is in that network.
    let listener = try Listener(.udp, 53, in: node.host)
    #expect(try listener.reached(from: first.container, at: Endpoint("10.1.0.1", 53)) == "10.1.0.2")
  }

  @Test("in another network, the container is not seen")
  func otherNetwork() throws {
    let node = try ConnectedHost()
    let first = try node.attach("c1", to: .bridge(1, Self.masqueraded))
    let second = try node.attach("c2", to: .bridge(2, Self.masqueraded))
    for address in try second.addresses {
      let listener = try Listener(.tcp, 80, on: address, in: second.container)
      let seen = try #require(try listener.reached(from: first.container, at: Endpoint(address, 80)))
      // Which of the host's IPv6 addresses it is depends on which are ready.
      #expect(try seen != first.address(like: address))
      if !seen.contains(":") { #expect(seen == "10.2.0.1") }
    }
  }

  @Test("a point-to-point link's container is masqueraded too")
  func pointToPoint() throws {
    let node = try ConnectedHost()
    let network = NetworkList(
      "net1",
      """
      {
        "type": "ptp", "ipMasq": true,
        "ipam": {
          "type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd00:1::/64"}]],
          "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
        }
      }
      """)
    let first = try node.attach("c1", to: network)
    let second = try node.attach("c2", to: network)
    for (address, outside) in zip(ConnectedHost.addresses, ConnectedHost.outsideAddresses) {
      let listener = try Listener(.tcp, 80, on: outside, in: node.outside)
      #expect(try listener.reached(from: first.container, at: Endpoint(outside, 80)) == address)
      let inner = try second.address(like: outside)
      let neighbor = try Listener(.tcp, 80, on: inner, in: second.container)
      #expect(
        try neighbor.reached(from: first.container, at: Endpoint(inner, 80)) == first.address(like: outside))
    }
  }

  @Test("what goes to many keeps its source", arguments: ["239.1.2.3", "ff05::1:3"])
  func multicast(_ group: String) throws {
    let node = try ConnectedHost()
    let address = try node.attach("c1", to: .bridge(1, Self.masqueraded)).address(like: group)
    // The host says it in the container's place, as a router of multicast would have to be there otherwise.
    try node.host.shell("ip address add \(address) dev uplink; ip route add \(group) dev uplink table local")
    try node.outside.shell("ip address add \(group) dev uplink autojoin")
    let listener = try Listener(.udp, 5000, on: group, in: node.outside)
    let client = try Client(.udp, to: Endpoint(group, 5000), from: node.host, source: Endpoint(address, 0))
    #expect(try client.heard(by: listener)?.address == address)
    // The same words to one only.
    let outside = ConnectedHost.outsideAddresses[group.contains(":") ? 1 : 0]
    let one = try Listener(.udp, 5000, on: outside, in: node.outside)
    let other = try Client(.udp, to: Endpoint(outside, 5000), from: node.host, source: Endpoint(address, 0))
    #expect(try other.heard(by: one)?.address != address)
  }
}

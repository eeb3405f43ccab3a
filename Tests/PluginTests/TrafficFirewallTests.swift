import TestSupport
import Testing

/// Traffic of containers on a host that forwards nothing by itself, as docker sets it.
@Suite("Traffic: a host that drops what it does not know") struct TrafficFirewallTests {
  /// A network in the order that all runtimes use.
  private static func network(_ number: Int = 1, firewall: String = "") -> NetworkList {
    .bridge(number, #""ipMasq": true"#, .portMap(), .firewall(firewall))
  }

  private func droppingNode() throws -> ConnectedHost {
    let node = try ConnectedHost()
    try node.host.shell("iptables -P FORWARD DROP; ip6tables -P FORWARD DROP")
    return node
  }

  @Test("what a container begins passes, and what is answered", arguments: [Transport.tcp, .udp])
  func outgoing(_ transport: Transport) throws {
    let node = try droppingNode()
    let web = try node.attach("c1", to: Self.network())
    let unknown = try node.attach("c2", to: .bridge(2))
    for outside in ConnectedHost.outsideAddresses {
      let listener = try Listener(transport, 80, on: outside, in: node.outside)
      #expect(try listener.isReached(from: web.container, at: Endpoint(outside, 80)))
      #expect(try listener.isUnreachable(from: unknown.container, at: Endpoint(outside, 80)))
    }
    try web.mustSucceed("CHECK")
    try web.mustSucceed("DEL", only: "firewall")
    let listener = try Listener(transport, 80, in: node.outside)
    #expect(try listener.isUnreachable(from: web.container, at: Endpoint("192.0.2.2", 80)))
  }

  @Test("published ports are reached, and no others", .oursOnly("there the policy drops them"))
  func incoming() throws {
    let node = try droppingNode()
    let web = try node.attach("c1", to: Self.network(), capabilities: ports("tcp 8080 80", "udp 8080 80"))
    for transport in [Transport.tcp, .udp] {
      for (address, outside) in zip(ConnectedHost.addresses, ConnectedHost.outsideAddresses) {
        let inner = try web.address(like: address)
        let listener = try Listener(transport, 80, on: inner, in: web.container)
        #expect(try listener.reached(from: node.outside, at: Endpoint(address, 8080)) == outside)
        #expect(try listener.isUnreachable(from: node.outside, at: Endpoint(inner, 80)))
      }
    }
  }

  @Test("a chain that was there before ours goes on deciding")
  func adminChain() throws {
    let node = try droppingNode()
    try node.host.shell("iptables -N CNI-ADMIN; iptables -A CNI-ADMIN -p tcp --dport 25 -j DROP")
    let web = try node.attach("c1", to: Self.network())
    let mail = try Listener(.tcp, 25, in: node.outside)
    let page = try Listener(.tcp, 80, in: node.outside)
    #expect(try page.isReached(from: web.container, at: Endpoint("192.0.2.2", 80)))
    #expect(try mail.isUnreachable(from: web.container, at: Endpoint("192.0.2.2", 25)))
  }
}

/// The ingress policies of the firewall do what they say, also where the bridge's own packets do not pass the packet
/// rules of IP.
@Suite("Traffic: ingress policies") struct TrafficIngressPolicyTests {
  private static func network(_ number: Int, _ policy: String) -> NetworkList {
    .bridge(number, "", .portMap(), .firewall(#""ingressPolicy": "\#(policy)""#))
  }

  @Test(
    "same-bridge: containers of a bridge reach each other, those of another do not", arguments: BridgeFiltering.allCases
  )
  func sameBridge(_ filtering: BridgeFiltering) throws {
    let node = try ConnectedHost()
    try filtering.set(in: node.host)
    let web = try node.attach("c1", to: Self.network(1, "same-bridge"))
    let neighbor = try node.attach("c2", to: Self.network(1, "same-bridge"))
    let stranger = try node.attach("c3", to: Self.network(2, "same-bridge"))
    for address in try web.addresses {
      let listener = try Listener(.tcp, 80, on: address, in: web.container)
      #expect(try listener.isReached(from: neighbor.container, at: Endpoint(address, 80)))
      #expect(try listener.isReached(from: node.host, at: Endpoint(address, 80)))
      #expect(try listener.isUnreachable(from: stranger.container, at: Endpoint(address, 80)))
    }
    // Towards the outside, and back.
    let outside = try Listener(.tcp, 80, in: node.outside)
    #expect(try outside.isReached(from: web.container, at: Endpoint("192.0.2.2", 80)))
  }

  @Test(
    "from outside only published ports are reached", .oursOnly("there the policy says nothing about the outside"),
    arguments: ["same-bridge", "isolated"])
  func fromOutside(_ policy: String) throws {
    let node = try ConnectedHost()
    let web = try node.attach("c1", to: Self.network(1, policy), capabilities: ports("tcp 8080 80"))
    for (address, own) in zip(ConnectedHost.addresses, try web.addresses) {
      let listener = try Listener(.tcp, 80, on: own, in: web.container)
      #expect(try listener.isReached(from: node.outside, at: Endpoint(address, 8080)))
      #expect(try listener.isUnreachable(from: node.outside, at: Endpoint(own, 80)))
    }
  }

  @Test(
    "isolated: containers of a bridge do not reach each other", .oursOnly("there only where br_netfilter is on"),
    arguments: BridgeFiltering.allCases)
  func isolated(_ filtering: BridgeFiltering) throws {
    let node = try ConnectedHost()
    try filtering.set(in: node.host)
    let web = try node.attach("c1", to: Self.network(1, "isolated"))
    let neighbor = try node.attach("c2", to: Self.network(1, "isolated"))
    let stranger = try node.attach("c3", to: Self.network(2, "same-bridge"))
    for address in try web.addresses {
      let listener = try Listener(.tcp, 80, on: address, in: web.container)
      #expect(try listener.isReached(from: node.host, at: Endpoint(address, 80)))
      #expect(try listener.isUnreachable(from: neighbor.container, at: Endpoint(address, 80)))
      #expect(try listener.isUnreachable(from: stranger.container, at: Endpoint(address, 80)))
    }
    let outside = try Listener(.tcp, 80, in: node.outside)
    #expect(try outside.isReached(from: web.container, at: Endpoint("192.0.2.2", 80)))
  }

  @Test("a policy ends with its attachments", .oursOnly("there it stays for ever"))
  func policyEnds() throws {
    let node = try ConnectedHost()
    for (name, number) in [("c1", 1), ("c2", 2)] {
      try node.attach(name, to: Self.network(number, "same-bridge")).mustSucceed("DEL")
    }
    let web = try node.attach("c3", to: .bridge(1))
    let other = try node.attach("c4", to: .bridge(2))
    let address = try web.addresses[0]
    let listener = try Listener(.tcp, 80, on: address, in: web.container)
    #expect(try listener.isReached(from: other.container, at: Endpoint(address, 80)))
  }
}

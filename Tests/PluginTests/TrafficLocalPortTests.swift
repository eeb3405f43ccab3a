import TestSupport
import Testing

/// Packets to published ports from the host itself and from its containers.
@Suite("Traffic: published ports from inside") struct TrafficLocalPortTests {
  @Test("from the host, to its loopback address and to its own", arguments: [Transport.tcp, .udp])
  func fromHost(_ transport: Transport) throws {
    let node = try ConnectedHost()
    let web = try node.attach("c1", to: .published(), capabilities: ports("\(transport) 8080 80"))
    let listener = try Listener(transport, 80, in: web.container)
    for address in ["127.0.0.1", "127.0.0.2"] {
      // Nobody could answer to a loopback address: the container sees the bridge's.
      #expect(try listener.reached(from: node.host, at: Endpoint(address, 8080)) == "10.1.0.1")
    }
    #expect(try listener.isReached(from: node.host, at: Endpoint("192.0.2.1", 8080)))
    #expect(try listener.isReached(from: node.host, at: Endpoint("10.1.0.1", 8080)))
    let listener6 = try Listener(transport, 80, on: web.address(like: "::"), in: web.container)
    #expect(try listener6.isReached(from: node.host, at: Endpoint("2001:db8::1", 8080)))
    #expect(try listener6.isReached(from: node.host, at: Endpoint("fd00:1::1", 8080)))
  }

  @Test("from any loopback address of the host", .oursOnly("there only from 127.0.0.1"))
  func fromLoopbackNetwork() throws {
    let node = try ConnectedHost()
    let web = try node.attach("c1", to: .published(), capabilities: ports("tcp 8080 80"))
    let listener = try Listener(.tcp, 80, in: web.container)
    #expect(try listener.reached(from: node.host, source: "127.0.0.5", at: Endpoint("127.0.0.1", 8080)) == "10.1.0.1")
  }

  @Test("from the container itself", arguments: BridgeFiltering.allCases)
  func fromItself(_ filtering: BridgeFiltering) throws {
    let node = try ConnectedHost()
    try filtering.set(in: node.host)
    // Where the bridge hands its packets to IP, it sends this one back through the port from which it came.
    let network = NetworkList.published(bridge: #""hairpinMode": true"#)
    let web = try node.attach("c1", to: network, capabilities: ports("tcp 8080 80", "udp 8080 80"))
    for transport in [Transport.tcp, .udp] {
      for address in ConnectedHost.addresses {
        let listener = try Listener(transport, 80, on: web.address(like: address), in: web.container)
        #expect(try listener.isReached(from: web.container, at: Endpoint(address, 8080)), "\(transport) \(address)")
      }
    }
  }

  @Test("from another container of the same subnet", arguments: BridgeFiltering.allCases)
  func fromSameSubnet(_ filtering: BridgeFiltering) throws {
    let node = try ConnectedHost()
    try filtering.set(in: node.host)
    let web = try node.attach("c1", to: .published(), capabilities: ports("tcp 8080 80", "udp 8080 80"))
    let other = try node.attach("c2", to: .published())
    for transport in [Transport.tcp, .udp] {
      for address in ConnectedHost.addresses {
        let listener = try Listener(transport, 80, on: web.address(like: address), in: web.container)
        #expect(try listener.isReached(from: other.container, at: Endpoint(address, 8080)), "\(transport) \(address)")
      }
    }
  }

  @Test("from a container of another network, whose own address is seen")
  func fromOtherNetwork() throws {
    let node = try ConnectedHost()
    let web = try node.attach("c1", to: .published(), capabilities: ports("tcp 8080 80"))
    let other = try node.attach("c2", to: .published(2))
    for address in ConnectedHost.addresses {
      let listener = try Listener(.tcp, 80, on: web.address(like: address), in: web.container)
      #expect(
        try listener.reached(from: other.container, at: Endpoint(address, 8080)) == other.address(like: address))
    }
  }

  @Test("snat: false leaves all sources as they are")
  func withoutSourceTranslation() throws {
    let node = try ConnectedHost()
    let network = NetworkList.published(portMap: #""snat": false"#)
    let web = try node.attach("c1", to: network, capabilities: ports("tcp 8080 80"))
    let listener = try Listener(.tcp, 80, in: web.container)
    #expect(try listener.reached(from: node.outside, at: Endpoint("192.0.2.1", 8080)) == "192.0.2.2")
    #expect(try listener.isReached(from: node.host, at: Endpoint("192.0.2.1", 8080)))
    #expect(try listener.isUnreachable(from: node.host, at: Endpoint("127.0.0.1", 8080)))
    #expect(try node.routeLocalnet("br1") == "0")
  }

  @Test("masqAll: true hides all sources behind the bridge")
  func everySourceTranslated() throws {
    let node = try ConnectedHost()
    let network = NetworkList.published(portMap: #""masqAll": true"#)
    let web = try node.attach("c1", to: network, capabilities: ports("tcp 8080 80"))
    let other = try node.attach("c2", to: .published(2))
    for (address, bridge) in zip(ConnectedHost.addresses, ["10.1.0.1", "fd00:1::1"]) {
      let listener = try Listener(.tcp, 80, on: web.address(like: address), in: web.container)
      for client in [node.outside, other.container] {
        #expect(try listener.reached(from: client, at: Endpoint(address, 8080)) == bridge)
      }
    }
    let listener = try Listener(.tcp, 80, in: web.container)
    #expect(try listener.reached(from: node.host, at: Endpoint("127.0.0.1", 8080)) == "10.1.0.1")
  }

  @Test(
    "a container does not reach what listens on the host's loopback address",
    .oursOnly("there it does, once the bridge has a port mapping"))
  func loopbackIsGuarded() throws {
    let node = try ConnectedHost()
    let web = try node.attach("c1", to: .published(), capabilities: ports("tcp 8080 80"))
    let secret = try Listener(.tcp, 6379, on: "127.0.0.1", in: node.host)
    #expect(try node.routeLocalnet("br1") == "1")
    // The container's own loopback link is down, so that the address is nothing special to it.
    try web.container.shell("sysctl -qw net.ipv4.conf.eth0.route_localnet=1; ip route add 127.0.0.1 via 10.1.0.1")
    #expect(try secret.isUnreachable(from: web.container, at: Endpoint("127.0.0.1", 6379)))
    let listener = try Listener(.tcp, 80, in: web.container)
    #expect(try listener.isReached(from: node.host, at: Endpoint("127.0.0.1", 8080)))
  }

  @Test("the last DEL switches off what only published ports need", .oursOnly("there it stays on"))
  func loopbackIsTakenBack() throws {
    let node = try ConnectedHost()
    let first = try node.attach("c1", to: .published(), capabilities: ports("tcp 8080 80"))
    let second = try node.attach("c2", to: .published(), capabilities: ports("tcp 8081 80"))
    let third = try node.attach("c3", to: .published())
    try first.mustSucceed("DEL")
    #expect(try node.routeLocalnet("br1") == "1")
    let listener = try Listener(.tcp, 80, in: second.container)
    #expect(try listener.isReached(from: node.host, at: Endpoint("127.0.0.1", 8081)))
    try second.mustSucceed("DEL")
    #expect(try node.routeLocalnet("br1") == "0")
    try third.mustSucceed("DEL")
  }
}

extension ConnectedHost {
  /// Whether packets with loopback addresses may pass a link: `0` or `1`.
  fileprivate func routeLocalnet(_ link: String) throws -> String {
    String(try host.shell("cat /proc/sys/net/ipv4/conf/\(link)/route_localnet").prefix(1))
  }
}

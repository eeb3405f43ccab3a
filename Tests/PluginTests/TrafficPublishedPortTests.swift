import TestSupport
import Testing

/// Packets to published ports from outside the host.
@Suite("Traffic: published ports from outside") struct TrafficPublishedPortTests {
  @Test("each protocol, each family", arguments: Transport.allCases)
  func everyProtocol(_ transport: Transport) throws {
    guard transport.isSupported else { try skip("this kernel has no \(transport)") }
    let node = try ConnectedHost()
    let web = try node.attach("c1", to: .published(), capabilities: ports("\(transport) 8080 80"))
    for (address, client) in zip(ConnectedHost.addresses, ConnectedHost.outsideAddresses) {
      let listener = try Listener(transport, 80, on: web.address(like: address), in: web.container)
      #expect(try listener.reached(from: node.outside, at: Endpoint(address, 8080)) == client)
      #expect(try listener.isUnreachable(from: node.outside, at: Endpoint(address, 80)))
    }
    try web.mustSucceed("CHECK")
    try web.mustSucceed("DEL")
    let listener = try Listener(transport, 80, in: web.container)
    #expect(try listener.isUnreachable(from: node.outside, at: Endpoint(ConnectedHost.addresses[0], 8080)))
  }

  @Test("a port on one of the host's addresses is on no other")
  func hostAddress() throws {
    let node = try ConnectedHost()
    try node.host.shell("ip addr add 192.0.2.7/24 dev uplink; ip addr add 2001:db8::7/64 dev uplink nodad")
    let mappings = ports("tcp 192.0.2.7 9090 90", "tcp 2001:db8::7 9090 90", "tcp 0.0.0.0 9091 91", "tcp :: 9092 92")
    let web = try node.attach("c1", to: .published(), capabilities: mappings)
    func expect(_ containerPort: UInt16, at reachable: [String], notAt unreachable: [String], _ port: UInt16) throws {
      for address in reachable {
        let listener = try Listener(.tcp, containerPort, on: web.address(like: address), in: web.container)
        #expect(try listener.isReached(from: node.outside, at: Endpoint(address, port)))
      }
      for address in unreachable {
        let listener = try Listener(.tcp, containerPort, on: web.address(like: address), in: web.container)
        #expect(try listener.isUnreachable(from: node.outside, at: Endpoint(address, port)))
      }
    }
    try expect(90, at: ["192.0.2.7", "2001:db8::7"], notAt: ["192.0.2.1", "2001:db8::1"], 9090)
    // The addresses that stand for all of their family.
    try expect(91, at: ["192.0.2.1", "192.0.2.7"], notAt: ["2001:db8::1"], 9091)
    try expect(92, at: ["2001:db8::1", "2001:db8::7"], notAt: ["192.0.2.1"], 9092)
  }

  @Test(
    "a port on one address goes before the same port on all", .oursOnly("there the first one has both"),
    arguments: [true, false])
  func hostAddressFirst(specificIsFirst: Bool) throws {
    let node = try ConnectedHost()
    try node.host.shell("ip addr add 192.0.2.7/24 dev uplink")
    let specific = ("c1", ports("tcp 192.0.2.7 8080 80")), wildcard = ("c2", ports("tcp 8080 80"))
    var listeners: [String: Listener] = [:]
    for (name, mappings) in specificIsFirst ? [specific, wildcard] : [wildcard, specific] {
      let attachment = try node.attach(name, to: .published(), capabilities: mappings)
      listeners[name] = try Listener(.tcp, 80, in: attachment.container)
    }
    #expect(try listeners["c1"]?.isReached(from: node.outside, at: Endpoint("192.0.2.7", 8080)) == true)
    #expect(try listeners["c2"]?.isReached(from: node.outside, at: Endpoint("192.0.2.1", 8080)) == true)
  }

  @Test("a range of 500 ports")
  func manyPorts() throws {
    let node = try ConnectedHost()
    let mappings = ports((0..<500).map { "tcp \(20_000 + $0) \(1000 + $0)" })
    let web = try node.attach("c1", to: .published(), capabilities: mappings)
    for port: UInt16 in [0, 1, 14, 15, 16, 249, 498, 499] {
      for address in ConnectedHost.addresses {
        let listener = try Listener(.tcp, 1000 + port, on: web.address(like: address), in: web.container)
        #expect(try listener.isReached(from: node.outside, at: Endpoint(address, 20_000 + port)), "port \(port)")
      }
    }
    try web.mustSucceed("CHECK")
    try web.mustSucceed("DEL")
  }

  @Test(
    "a port that another container has is refused with that container's name", .oursOnly("there nobody is told"),
    arguments: ["tcp 8080 81", "tcp 0.0.0.0 8080 81", "tcp :: 8080 81"])
  func claimedTwice(_ second: String) throws {
    let node = try ConnectedHost()
    let holder = try node.attach("c1", to: .published(), capabilities: ports("tcp 8080 80"))
    let other = try AttachedContainer(
      of: node.makeContainer("c2"), in: node.host, to: .published(2), capabilities: ports("tcp 7070 70", second))
    let refused = try other.call("ADD")
    #expect(refused.status == 1)
    #expect(refused.text.contains("8080") && refused.text.contains(holder.identifier), "\(refused)")
    try other.mustSucceed("DEL", withResult: false)
    for address in ConnectedHost.addresses {
      let listener = try Listener(.tcp, 80, on: holder.address(like: address), in: holder.container)
      #expect(try listener.isReached(from: node.outside, at: Endpoint(address, 8080)))
    }
    // Nothing of the mapping that was not refused, either.
    let free = try node.attach("c3", to: .published(3), capabilities: ports("tcp 7070 70"))
    #expect(try Listener(.tcp, 70, in: free.container).isReached(from: node.outside, at: Endpoint("192.0.2.1", 7070)))
  }

  @Test("a repeated ADD and a late DEL of another change nothing")
  func repeated() throws {
    let node = try ConnectedHost()
    let web = try node.attach("c1", to: .published(), capabilities: ports("tcp 8080 80"))
    let other = try node.attach("c2", to: .published(2), capabilities: ports("udp 8080 80", "tcp 8081 80"))
    let listener = try Listener(.tcp, 80, in: web.container)
    try other.mustSucceed("DEL")
    try other.mustSucceed("DEL", withResult: false)
    #expect(try listener.isReached(from: node.outside, at: Endpoint("192.0.2.1", 8080)))
    #expect(try listener.isUnreachable(from: node.outside, at: Endpoint("192.0.2.1", 8081)))
  }
}

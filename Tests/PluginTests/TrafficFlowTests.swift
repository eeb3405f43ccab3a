import TestSupport
import Testing

/// What the kernel remembers of flows follows the port mappings, and nothing else is forgotten.
@Suite("Traffic: flows that go on while mappings change") struct TrafficFlowTests {
  @Test("a client that keeps sending reaches the container to which the port has moved", arguments: [true, false])
  func movedPort(inOneStep: Bool) throws {
    let node = try ConnectedHost()
    let first = try node.attach("c1", to: .published(), capabilities: ports("udp 5353 53"))
    for (index, address) in ConnectedHost.addresses.enumerated() {
      let client = try Client(.udp, to: Endpoint(address, 5353), from: node.outside)
      let before = try Listener(.udp, 53, on: first.address(like: address), in: first.container)
      #expect(try client.exchange(with: before) != nil)
      try first.mustSucceed("DEL")
      // Now the host itself is who gets these, and the kernel would remember that for half a minute.
      if !inOneStep { for _ in 1...3 { client.say("anybody there?") } }
      let second = try node.attach("second\(index)", to: .published(), capabilities: ports("udp 5353 53"))
      let after = try Listener(.udp, 53, on: second.address(like: address), in: second.container)
      #expect(try client.exchange(with: after) != nil)
      try second.mustSucceed("DEL")
      try first.mustSucceed("ADD")
    }
  }

  @Test("after DEL, a client that keeps sending reaches the container no more", .oursOnly("there for half a minute"))
  func deletedPort() throws {
    let node = try ConnectedHost()
    let web = try node.attach("c1", to: .published(), capabilities: ports("udp 5353 53"))
    for address in ConnectedHost.addresses {
      let client = try Client(.udp, to: Endpoint(address, 5353), from: node.outside)
      let listener = try Listener(.udp, 53, on: web.address(like: address), in: web.container)
      #expect(try client.exchange(with: listener) != nil)
      // The container itself stays, and what it listens on.
      try web.mustSucceed("DEL", only: "portmap")
      #expect(try client.exchange(with: listener, within: .brief) == nil)
      try web.mustSucceed("ADD", only: "portmap")
    }
  }

  @Test("other flows with the same port number go on", .oursOnly("there they are forgotten"))
  func unrelatedFlows() throws {
    let node = try ConnectedHost()
    let masqueraded = try node.attach("c1", to: .bridge(1, #""ipMasq": true"#))
    // A server outside, asked by a container, goes on answering: only what the kernel remembers leads these words home.
    let server = try Listener(.udp, 5353, in: node.outside)
    let client = try Client(.udp, to: Endpoint("192.0.2.2", 5353), from: masqueraded.container)
    let seen = try #require(try client.exchange(with: server))
    #expect(seen.address == "192.0.2.1")
    let mapped = try node.attach("c2", to: .published(2), capabilities: ports("udp 5353 53"))
    #expect(try client.hears(server, sayTo: seen))
    try mapped.mustSucceed("DEL")
    #expect(try client.hears(server, sayTo: seen))
  }
}

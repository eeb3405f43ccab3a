import TestSupport
import Testing

/// A container that sends with another hardware address than the one it was given.
@Suite("Traffic: spoofed frames") struct TrafficSpoofTests {
  private static let other = "02:00:00:00:00:99"

  @Test("with macspoofchk they are dropped, and only they", arguments: [true, false])
  func spoofed(isChecked: Bool) throws {
    let node = try ConnectedHost()
    let honest = try node.attach("c1", to: .bridge(1, #""macspoofchk": \#(isChecked)"#))
    let other = try node.attach("c2", to: .bridge(1, #""macspoofchk": \#(isChecked)"#))
    let free = try node.attach("c3", to: .bridge(1))
    let host = try Listener(.udp, 53, in: node.host)
    let gateway = Endpoint("10.1.0.1", 53)
    for container in [honest.container, other.container, free.container] {
      #expect(try host.isReached(from: container, at: gateway))
    }
    let own = try honest.container.hardwareAddress
    try honest.container.shell("ip link set eth0 address \(Self.other)")
    try free.container.shell("ip link set eth0 address 02:00:00:00:00:98")
    // Neither to the host nor to another port of the bridge.
    let neighbor = try Listener(.udp, 53, in: other.container)
    if isChecked {
      #expect(try host.isUnreachable(from: honest.container, at: gateway))
      #expect(try neighbor.isUnreachable(from: honest.container, at: Endpoint(other.addresses[0], 53)))
    } else {
      #expect(try host.isReached(from: honest.container, at: gateway))
      #expect(try neighbor.isReached(from: honest.container, at: Endpoint(other.addresses[0], 53)))
    }
    #expect(try host.isReached(from: other.container, at: gateway))
    #expect(try host.isReached(from: free.container, at: gateway))
    try honest.container.shell("ip link set eth0 address \(own)")
    #expect(try host.isReached(from: honest.container, at: gateway))
    try honest.mustSucceed("DEL")
    #expect(try host.isReached(from: other.container, at: gateway))
  }
}

extension Container {
  fileprivate var hardwareAddress: String {
    get throws { try shell("cat /sys/class/net/eth0/address || ip -br link show eth0 | awk '{print $3}'") }
  }
}

import LinuxSystem
import Netlink
import NetworkNamespaces
import RouteNetlink
import SystemPackage
import Synchronization
import TestSupport
import Testing

@Suite("Dumps while things change")
struct ChurnTests {
  @Test("a list has all that was there all the time, or is an error")
  func complete() async throws {
    let machine = try Machine()
    let pairs = 150
    try machine.socket.perform(
      (0..<pairs).map { pair in
        .addLink(
          LinkSpecification(
            name: "a\(pair)",
            kind: .veth(
              VethSpecification(
                peer: LinkSpecification(name: "b\(pair)", transmitQueues: 1, receiveQueues: 1))),
            transmitQueues: 1, receiveQueues: 1))
      })
    let stable = Set(try machine.socket.links().map(\.name))
    #expect(stable.count == 2 * pairs + 1)

    let namespace = machine.namespace
    let isOver = Flag()
    let churn = Task.detached {
      let socket = try RouteSocket(in: namespace.namespace)
      while !isOver.isSet {
        try socket.perform([
          .addLink(
            LinkSpecification(name: "come", kind: .veth(VethSpecification(peer: LinkSpecification(name: "go"))))),
          .deleteLink(.name("come")),
        ])
      }
    }
    defer { isOver.set() }
    for _ in 0..<100 {
      do throws(NetlinkError) {
        let names = Set(try machine.socket.links().map(\.name))
        #expect(stable.isSubset(of: names))
      } catch {
        #expect(error.code == .resourceTemporarilyUnavailable)
      }
    }
    isOver.set()
    try await churn.value
  }
}

private final class Flag: Sendable {
  private let value = Atomic(false)

  var isSet: Bool { value.load(ordering: .relaxed) }

  func set() { value.store(true, ordering: .relaxed) }
}

import CLinux
import Netlink
import NetworkNamespaces
import SystemPackage
import TestSupport
import Testing

@Suite("Notifications")
struct SubscriptionTests {
  private static let links = [RTNLGRP_LINK.rawValue]

  private func setLoopback(up: Bool) -> NetlinkRequest {
    var header = ifinfomsg()
    header.ifi_index = 1
    header.ifi_change = UInt32(IFF_UP)
    header.ifi_flags = up ? UInt32(IFF_UP) : 0
    return NetlinkRequest(MessageBuilder(MessageType(RTM_NEWLINK), .acknowledge, header), "set loopback")
  }

  /// Whether a notification says that a link is up.
  private func isUp(_ message: borrowing Message) throws(MalformedMessage) -> Bool? {
    try message.header(ifinfomsg.self).ifi_flags & UInt32(IFF_UP) != 0
  }

  @Test("what happens is told in order, and nothing is missed")
  func inOrder() throws {
    let namespace = try TestNamespace()
    let socket = try NetlinkSocket(in: namespace.namespace)
    var subscription = try NetlinkSubscription(groups: Self.links, in: namespace.namespace)
    try socket.perform([setLoopback(up: true), setLoopback(up: false), setLoopback(up: true)])
    #expect(try subscription.next(within: .seconds(10), decode: isUp) == true)
    #expect(try subscription.next(within: .seconds(10), decode: isUp) == false)
    #expect(try subscription.next(within: .seconds(10), decode: isUp) == true)
    #expect(try subscription.next(within: .milliseconds(1), decode: isUp) == nil)
  }

  @Test("what the caller passes over does not end the wait")
  func passesOver() throws {
    let namespace = try TestNamespace()
    let socket = try NetlinkSocket(in: namespace.namespace)
    var subscription = try NetlinkSubscription(groups: Self.links, in: namespace.namespace)
    try socket.perform([setLoopback(up: true), setLoopback(up: false)])
    let down = try subscription.next(within: .seconds(10)) { (message) throws(MalformedMessage) in
      try isUp(message) == false ? "down" : nil
    }
    #expect(down == "down")
  }

  @Test("what was lost is an error, and then it goes on")
  func lost() throws {
    let namespace = try TestNamespace()
    let socket = try NetlinkSocket(in: namespace.namespace)
    var subscription = try NetlinkSubscription(groups: Self.links, in: namespace.namespace)
    // More than the queue of any default size holds.
    for _ in 0..<10 { try socket.perform((0..<200).map { setLoopback(up: $0 % 2 == 0) }) }
    let error = #expect(throws: NetlinkError.self) {
      while try subscription.next(within: .seconds(1), decode: isUp) != nil {}
    }
    #expect(error?.code == .noBufferSpace)
    while try subscription.next(within: .milliseconds(1), decode: isUp) != nil {}
    try socket.perform([setLoopback(up: true)])
    #expect(try subscription.next(within: .seconds(10), decode: isUp) == true)
  }

  @Test("no such group")
  func noGroup() {
    let error = #expect(throws: NetlinkError.self) { _ = try NetlinkSubscription(groups: [4_000_000_000]) }
    #expect(error?.code == .invalidArgument)
  }
}

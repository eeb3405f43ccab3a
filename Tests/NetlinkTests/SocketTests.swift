import CLinux
import LinuxSystem
@testable import Netlink
import NetworkNamespaces
import SystemPackage
import TestSupport
import Testing

@Suite("Sockets on the real kernel")
struct SocketTests {
  /// Asks for the loopback, which is the first link of every namespace.
  private func findLoopback(_ flags: MessageFlags = []) -> NetlinkRequest {
    var header = ifinfomsg()
    header.ifi_index = flags.contains(.dump) ? 0 : 1
    return NetlinkRequest(MessageBuilder(MessageType(RTM_GETLINK), flags, header), "find loopback")
  }

  private func index(_ message: borrowing Message) throws(MalformedMessage) -> CInt? {
    try message.header(ifinfomsg.self).ifi_index
  }

  /// Makes a pair of links with names of the kernel's choice.
  private func addPair(_ flags: MessageFlags = []) -> NetlinkRequest {
    var message = MessageBuilder(MessageType(RTM_NEWLINK), [.create, .exclusive, .acknowledge], ifinfomsg())
    message.nest(IFLA_LINKINFO) { $0.append(IFLA_INFO_KIND, text: "veth") }
    return NetlinkRequest(message, "add veth")
  }

  private func setLoopback(up: Bool) -> NetlinkRequest {
    var header = ifinfomsg()
    header.ifi_index = 1
    header.ifi_change = UInt32(IFF_UP)
    header.ifi_flags = up ? UInt32(IFF_UP) : 0
    return NetlinkRequest(
      MessageBuilder(MessageType(RTM_NEWLINK), .acknowledge, header), "set loopback \(up ? "up" : "down")")
  }

  private func deleteLink(_ index: CInt) -> NetlinkRequest {
    var header = ifinfomsg()
    header.ifi_index = index
    return NetlinkRequest(
      MessageBuilder(MessageType(RTM_DELLINK), .acknowledge, header), "delete link with index \(index)")
  }

  @Test("a socket stays in the namespace that it was opened in")
  func staysHome() throws {
    let namespace = try TestNamespace()
    let socket = try NetlinkSocket(in: namespace.namespace)
    try socket.perform([addPair()])
    // Used from here, and from another thread in yet another namespace, it still sees the pair.
    #expect(try socket.dump(findLoopback(.dump), decode: index).count == 3)
    let seen = try onThreadOfItsOwn {
      _ = try systemCall("unshare") { unshare(CLONE_NEWNET) }
      let elsewhere = try NetlinkSocket()
      return [
        try socket.dump(findLoopback(.dump), decode: index).count,
        try elsewhere.dump(findLoopback(.dump), decode: index).count,
      ]
    }
    #expect(seen == [3, 1])
  }

  @Test("every request gets its own outcome, and the kernel goes on after a refusal")
  func outcomes() throws {
    let namespace = try TestNamespace()
    let socket = try NetlinkSocket(in: namespace.namespace)
    let requests = [setLoopback(up: true), deleteLink(4711), addPair(), deleteLink(4712)]
    let errors = socket.performAll(requests)
    #expect(
      errors.map { $0?.description } == [
        nil, "delete link with index 4711: no such device", nil, "delete link with index 4712: no such device",
      ])
    #expect(try socket.dump(findLoopback(.dump), decode: index).count == 3)
    let error = #expect(throws: NetlinkError.self) { try socket.perform(requests) }
    #expect(error?.operation == "delete link with index 4711")
    // Nothing was left in the socket.
    #expect(try socket.query(findLoopback(), decode: index) == 1)
    #expect(socket.performAll([]).isEmpty)
  }

  @Test("any number of requests in one datagram", arguments: [1, 15, 16, 17, 100, 2000])
  func many(_ count: Int) throws {
    let namespace = try TestNamespace()
    let socket = try NetlinkSocket(in: namespace.namespace)
    let requests = (0..<count).map { $0 % 3 == 1 ? deleteLink(4711) : setLoopback(up: $0 % 3 == 0) }
    let errors = socket.performAll(requests)
    #expect(errors.count == count)
    for (index, error) in errors.enumerated() { #expect((error != nil) == (index % 3 == 1), "\(index)") }
  }

  @Test("an answer longer than any buffer is read whole")
  func longAnswer() throws {
    let namespace = try TestNamespace()
    let socket = try NetlinkSocket(in: namespace.namespace)
    let names = (0..<400).map { "\($0)-" + String(repeating: "n", count: 110) }
    var header = ifinfomsg()
    header.ifi_index = 1
    for part in stride(from: 0, to: 400, by: 100) {
      var message = MessageBuilder(MessageType(RTM_NEWLINKPROP), [.create, .exclusive, .acknowledge], header)
      message.nest(IFLA_PROP_LIST) { message in
        for name in names[part..<part + 100] { message.append(IFLA_ALT_IFNAME, text: name) }
      }
      try socket.perform([NetlinkRequest(message, "add names")])
    }
    let found = try socket.query(findLoopback()) { (message) throws(MalformedMessage) -> [String] in
      #expect(message.payload.byteCount > NetlinkDescriptor.receiveBufferSize)
      var names: [String] = []
      var attributes = try message.attributes(after: ifinfomsg.self)
      while let attribute = try attributes.next() {
        guard attribute.type == IFLA_PROP_LIST else { continue }
        var properties = attribute.nested
        while let property = try properties.next() { names.append(property.text) }
      }
      return names
    }
    #expect(found == names)
  }

  @Test("a kernel that does not answer is an error after a while")
  func timeout() throws {
    let namespace = try TestNamespace()
    let socket = try NetlinkSocket(in: namespace.namespace, timeout: .milliseconds(20))
    // The kernel skips control messages.
    let request = NetlinkRequest(MessageBuilder(.noOperation, [], UInt32(0)), "do nothing")
    let error = #expect(throws: NetlinkError.self) { _ = try socket.query(request, decode: index) }
    #expect(error?.code == .timedOut)
    #expect(error?.description == "do nothing: poll: timed out")
    // The socket is as good as new.
    #expect(try socket.query(findLoopback(), decode: index) == 1)
  }

  @Test("nobody but the kernel is believed")
  func forged() throws {
    let namespace = try TestNamespace()
    try Privileges.require(.networkAdministration)
    let descriptor = try namespace.namespace.run { () throws(SystemError) in try NetlinkDescriptor(.route) }
    var buffer = ReceiveBuffer(byteCount: NetlinkDescriptor.receiveBufferSize)
    // The kernel gives the socket its port when it sends for the first time.
    try descriptor.send(setLoopback(up: true).bytes)
    #expect(try descriptor.receiveAnswers(into: buffer, until: Deadline(after: .seconds(5))).count == 1)

    let port = try portOf(descriptor.descriptor.rawValue)
    let forger = try namespace.namespace.run { () throws(SystemError) in
      OwnedDescriptor(
        owning: try systemCall("socket") {
          socket(AF_NETLINK, CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_ROUTE)
        })
    }
    let forgery = acknowledgement(0, error: 1)
    for _ in 0..<2 { try send(forgery, from: forger.rawValue, to: port) }
    try descriptor.send(findLoopback().bytes)
    let length = try descriptor.receive(into: &buffer, until: Deadline(after: .seconds(5)))
    #expect(length > forgery.count)
    try send(forgery, from: forger.rawValue, to: port)
    try descriptor.send(setLoopback(up: true).bytes)
    let answers = try descriptor.receiveAnswers(into: buffer, until: Deadline(after: .seconds(5)))
    #expect(answers.count == 1)
    // With nothing but a forgery there, the wait goes on until its end.
    try send(forgery, from: forger.rawValue, to: port)
    let error = #expect(throws: SystemError.self) {
      try descriptor.receive(into: &buffer, until: Deadline(after: .milliseconds(10)))
    }
    #expect(error?.code == .timedOut)
  }

  @Test("the descriptor does not outlive an exec")
  func closesOnExec() throws {
    try Privileges.require(.networkAdministration)
    let descriptor = try NetlinkDescriptor(.netfilter)
    #expect(swiftcni_fcntl(descriptor.descriptor.rawValue, F_GETFD, 0) & FD_CLOEXEC != 0)
  }

  @Test("a protocol that the kernel does not have")
  func noProtocol() {
    let error = #expect(throws: NetlinkError.self) { _ = try NetlinkSocket(NetlinkProtocol(rawValue: 99)) }
    #expect(error?.description == "open netlink socket: socket: protocol not supported")
  }

  @Test("sockets leave no descriptor behind, whatever happens to them")
  func leaksNothing() async {
    // Only a process of its own can count its descriptors.
    await #expect(processExitsWith: .success) {
      let before = try openDescriptorCount()
      for _ in 0..<50 {
        let socket = try NetlinkSocket()
        _ = socket.performAll([NetlinkRequest(MessageBuilder(MessageType(RTM_DELLINK), .acknowledge, ifinfomsg()), "")])
        _ = try? NetlinkSocket(NetlinkProtocol(rawValue: 99))
        var subscription = try NetlinkSubscription(groups: [1])
        _ = try subscription.next(within: .zero) { (_) throws(MalformedMessage) -> Int? in 1 }
        _ = try? NetlinkSubscription(groups: [4_000_000_000])
      }
      try #require(try openDescriptorCount() == before)
    }
  }
}

private func portOf(_ descriptor: CInt) throws -> UInt32 {
  var address = sockaddr_nl()
  var size = socklen_t(MemoryLayout<sockaddr_nl>.size)
  _ = try systemCall("getsockname") {
    withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        getsockname(descriptor, __SOCKADDR_ARG(__sockaddr__: address), &size)
      }
    }
  }
  return address.nl_pid
}

private func send(_ bytes: [UInt8], from descriptor: CInt, to port: UInt32) throws {
  var address = sockaddr_nl()
  address.nl_family = sa_family_t(AF_NETLINK)
  address.nl_pid = port
  let count = try systemCall("sendto") {
    withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        sendto(
          descriptor, bytes, bytes.count, 0, __CONST_SOCKADDR_ARG(__sockaddr__: address),
          socklen_t(MemoryLayout<sockaddr_nl>.size))
      }
    }
  }
  #expect(count == bytes.count)
}

internal import CLinux
internal import Glibc
internal import LinuxSystem

/// Somebody who listens on a port of some network, and answers what is said.
///
/// Nothing of it runs by itself: a ``Client`` that talks to it moves both ends.
package final class Listener: Sendable {
  package let transport: Transport
  fileprivate let descriptor: CInt

  /// Listens.
  ///
  /// - Parameter address: Where; by default on all IPv4 addresses. `::` is on all IPv6 ones.
  package init(
    _ transport: Transport, _ port: UInt16, on address: String = "0.0.0.0", in place: any NetworkPlace
  ) throws {
    self.transport = transport
    let endpoint = Endpoint(address, port)
    descriptor = try place.run {
      let socket = try transport.makeSocket(endpoint.family)
      try setOption(socket.rawValue, SOL_SOCKET, SO_REUSEADDR)
      if endpoint.family == AF_INET6 { try setOption(socket.rawValue, CInt(IPPROTO_IPV6), IPV6_V6ONLY) }
      try endpoint.withSocketAddress { address, length in
        _ = try systemCall("bind", on: "\(endpoint)") { bind(socket.rawValue, address, length) }
      }
      if transport.hasConnections { _ = try systemCall("listen") { listen(socket.rawValue, 64) } }
      return socket.take()
    }
  }

  deinit { close(descriptor) }

  /// Whom a client appears to be that talks to an endpoint and is answered by this listener.
  ///
  /// - Parameter source: The address from which the client sends, where the kernel shall not choose it.
  /// - Returns: The client's address as the listener sees it; nil where no answer of this listener comes.
  package func reached(
    from place: any NetworkPlace, source: String? = nil, at endpoint: Endpoint, within patience: Patience = .patient
  ) throws -> String? {
    let client = try Client(transport, to: endpoint, from: place, source: source.map { Endpoint($0, 0) })
    return try client.exchange(with: self, within: patience)?.address
  }

  /// Whether a client is answered by this listener.
  package func isReached(from place: any NetworkPlace, source: String? = nil, at endpoint: Endpoint) throws -> Bool {
    try reached(from: place, source: source, at: endpoint) != nil
  }

  /// Whether a client is not answered by this listener. As nothing tells that a packet will not come, the test should
  /// have seen another packet pass the links, which may take a second or two to become ready for IPv6.
  package func isUnreachable(from place: any NetworkPlace, at endpoint: Endpoint) throws -> Bool {
    try reached(from: place, at: endpoint, within: .brief) == nil
  }
}

/// How long to wait for what may never come, in milliseconds.
package struct Patience: Sendable {
  fileprivate let milliseconds: Int

  /// For what must come: only a failure takes so long.
  package static let patient = Patience(milliseconds: 10_000)

  /// For what must not come. On these links a packet takes microseconds.
  package static let brief = Patience(milliseconds: 400)
}

/// One socket that talks to an endpoint. To the kernel everything that it says is one flow.
package final class Client: Sendable {
  private let transport: Transport
  private let endpoint: Endpoint
  private let descriptor: CInt

  /// Makes the socket, and begins to connect it.
  ///
  /// - Parameter source: The address and port from which it sends; the kernel chooses a port that is 0.
  package init(_ transport: Transport, to endpoint: Endpoint, from place: any NetworkPlace, source: Endpoint? = nil)
    throws
  {
    self.transport = transport
    self.endpoint = endpoint
    descriptor = try place.run {
      let socket = try transport.makeSocket(endpoint.family)
      try source?.withSocketAddress { address, length in
        _ = try systemCall("bind", on: "\(endpoint)") { bind(socket.rawValue, address, length) }
      }
      // Whatever comes of it, the exchange finds out.
      _ = try endpoint.withSocketAddress { connect(socket.rawValue, $0, $1) }
      return socket.take()
    }
  }

  deinit { close(descriptor) }

  /// Says something to the endpoint, and has a listener answer.
  ///
  /// - Returns: The client as the listener sees it; nil where the words do not reach this listener, or its answer does
  ///   not come back.
  package func exchange(with listener: Listener, within patience: Patience = .patient) throws -> Endpoint? {
    let deadline = Deadline(patience)
    let words = "hello \(randomNumber())"
    guard transport.hasConnections else { return try exchangeDatagrams(words, with: listener, deadline) }
    guard deadline.wait(descriptor, POLLOUT), failure() == 0, write(words, to: descriptor) else { return nil }
    while deadline.wait(listener.descriptor, POLLIN) {
      let accepted = accept(listener.descriptor, nil, nil)
      guard accepted >= 0 else { continue }
      let connection = OwnedDescriptor(owning: accepted)
      guard deadline.wait(connection.rawValue, POLLIN), read(from: connection.rawValue) == words else { continue }
      guard write(words, to: connection.rawValue), deadline.wait(descriptor, POLLIN),
        read(from: descriptor) == words
      else { return nil }
      return try Endpoint { address, length in
        _ = try systemCall("getpeername") { getpeername(connection.rawValue, address, length) }
      }
    }
    return nil
  }

  /// Says something to the endpoint, and nobody has to answer.
  package func say(_ words: String) { _ = write(words, to: descriptor) }

  /// Whether this client hears what a listener says to an endpoint of its own accord.
  package func hears(_ listener: Listener, sayTo endpoint: Endpoint, within patience: Patience = .patient) throws
    -> Bool
  {
    let deadline = Deadline(patience)
    let words = "hello \(randomNumber())"
    while !deadline.isOver {
      try endpoint.withSocketAddress { address, length in
        _ = sendto(listener.descriptor, words, words.utf8.count, 0, address, length)
      }
      while deadline.wait(descriptor, POLLIN, atMost: 100) {
        if read(from: descriptor) == words { return true }
      }
    }
    return false
  }

  /// Says something to the endpoint until a listener hears it, who does not answer.
  ///
  /// - Returns: The client as the listener sees it; nil where it hears nothing.
  package func heard(by listener: Listener, within patience: Patience = .patient) throws -> Endpoint? {
    try heard("hello \(randomNumber())", by: listener, Deadline(patience))
  }

  /// Datagrams may be lost, while a hardware address is being looked up for example. So they are said again.
  private func exchangeDatagrams(_ words: String, with listener: Listener, _ deadline: Deadline) throws -> Endpoint? {
    while let client = try heard(words, by: listener, deadline) {
      try client.withSocketAddress { address, length in
        _ = sendto(listener.descriptor, words, words.utf8.count, 0, address, length)
      }
      while deadline.wait(descriptor, POLLIN, atMost: 1000) {
        if read(from: descriptor) == words { return client }
      }
    }
    return nil
  }

  private func heard(_ words: String, by listener: Listener, _ deadline: Deadline) throws -> Endpoint? {
    while !deadline.isOver {
      // What is refused now may find somebody a little later.
      guard write(words, to: descriptor), deadline.wait(listener.descriptor, POLLIN, atMost: 100) else {
        usleep(10_000)
        continue
      }
      var buffer = [UInt8](repeating: 0, count: 64)
      var heard = ""
      let client = try Endpoint { address, length in
        let count = recvfrom(listener.descriptor, &buffer, buffer.count, 0, address, length)
        heard = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
      }
      if heard == words { return client }
    }
    return nil
  }

  /// The error that the kernel has for this socket; 0 where there is none.
  private func failure() -> CInt {
    var code: CInt = 0
    var length = socklen_t(MemoryLayout<CInt>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    return code
  }
}

/// A moment until which there is hope.
private struct Deadline {
  private let end: Int64

  init(_ patience: Patience) { end = monotonicNanoseconds() + Int64(patience.milliseconds) * 1_000_000 }

  var milliseconds: Int { max(0, Int((end - monotonicNanoseconds()) / 1_000_000)) }

  var isOver: Bool { milliseconds == 0 }

  /// Waits for an event on a socket.
  func wait(_ descriptor: CInt, _ events: CInt, atMost limit: Int = .max) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&entry, 1, CInt(min(milliseconds, limit))) > 0
  }
}

/// - Returns: Whether all of it went out.
private func write(_ words: String, to descriptor: CInt) -> Bool {
  send(descriptor, words, words.utf8.count, CInt(MSG_NOSIGNAL)) == words.utf8.count
}

private func read(from descriptor: CInt) -> String {
  var buffer = [UInt8](repeating: 0, count: 64)
  let count = recv(descriptor, &buffer, buffer.count, 0)
  return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
}

private func setOption(_ descriptor: CInt, _ level: CInt, _ option: CInt) throws {
  var yes: CInt = 1
  _ = try systemCall("setsockopt") {
    setsockopt(descriptor, level, option, &yes, socklen_t(MemoryLayout<CInt>.size))
  }
}

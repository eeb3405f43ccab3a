internal import LinuxSystem
public import NetworkNamespaces
internal import Synchronization
internal import SystemPackage

/// A connection to the kernel's netlink.
///
/// It belongs to the namespace in which it was opened, for ever and from wherever it is used, so that a program opens
/// one socket per namespace and never moves again. It may be used from several threads; one exchange happens at a time.
///
/// Every wait for the kernel ends after ``timeout`` with `ETIMEDOUT`.
public struct NetlinkSocket: ~Copyable, Sendable {
  private let state: Mutex<State>

  /// How long one call waits for the kernel's answer.
  public let timeout: Duration

  // Not private: a module that stores a socket needs the layout, and the compiler refuses a private symbol there.
  struct State: ~Copyable {
    var descriptor: NetlinkDescriptor
    var buffer = ReceiveBuffer(byteCount: NetlinkDescriptor.receiveBufferSize)
    var nextSequence: UInt32 = 1
  }

  /// Opens a socket in the network namespace of the calling thread.
  public init(_ netlinkProtocol: NetlinkProtocol = .route, timeout: Duration = .seconds(30)) throws(NetlinkError) {
    do throws(SystemError) {
      let descriptor = try NetlinkDescriptor(netlinkProtocol)
      state = Mutex(State(descriptor: descriptor))
      self.timeout = timeout
    } catch {
      throw NetlinkError(error, during: "open netlink socket")
    }
  }

  /// Opens a socket in a network namespace. The calling thread is in there for the time of the call only.
  public init(
    _ netlinkProtocol: NetlinkProtocol = .route, in namespace: borrowing NetworkNamespace,
    timeout: Duration = .seconds(30)
  ) throws(NetlinkError) {
    self = try namespace.run { () throws(NetlinkError) in
      try NetlinkSocket(netlinkProtocol, timeout: timeout)
    }
  }
}

// MARK: Changing things

extension NetlinkSocket {
  /// Sends requests in one datagram and waits for the answer to each.
  ///
  /// The kernel performs them in order, and **goes on after one that it refuses**. Only what is one transaction to it
  /// anyway (a batch of nf_tables) happens as a whole or not at all.
  ///
  /// - Returns: The error of each request, in their order; nil for success.
  public func performAll(_ requests: [NetlinkRequest]) -> [NetlinkError?] {
    if requests.isEmpty { return [] }
    if let faulty = requests.first(where: { $0.defect != nil }), let defect = faulty.defect {
      // Nothing is sent: a request may rely on one before it.
      let error = NetlinkError(operation: faulty.description, code: defect)
      return requests.map { _ in error }
    }
    return state.withLock { state in
      var exchange = BatchExchange(requests, firstSequence: state.nextSequence)
      state.nextSequence &+= UInt32(truncatingIfNeeded: requests.count)
      do throws(SystemError) {
        try state.conduct(&exchange, until: Deadline(after: timeout))
      } catch {
        exchange.failPending { NetlinkError(error, during: $0.description) }
      }
      return exchange.outcomes
    }
  }

  /// Sends requests in one datagram and waits for the answer to each. See ``performAll(_:)``.
  ///
  /// - Throws: The error of the first request, in their order, that was refused.
  public func perform(_ requests: [NetlinkRequest]) throws(NetlinkError) {
    for case .some(let error) in performAll(requests) { throw error }
  }
}

extension NetlinkSocket.State {
  fileprivate mutating func conduct(_ exchange: inout BatchExchange, until deadline: Deadline) throws(SystemError) {
    let datagram = exchange.datagram
    // A request that wants no answer has one all the same when it is refused.
    descriptor.reserve(datagram: datagram.count, answers: exchange.outcomes.count)
    try descriptor.send(datagram)
    while exchange.pendingCount > 0 {
      for range in try descriptor.receiveAnswers(into: buffer, until: deadline) {
        do throws(MalformedMessage) {
          try exchange.receive(buffer.bytes(range))
        } catch {
          exchange.failPending { NetlinkError(error, during: $0.description) }
        }
      }
    }
    // They would fill the queue, and the answers to what comes next would be lost.
    if exchange.leftAnswers { try descriptor.discardAnswers(into: buffer) }
  }
}

// MARK: Asking for things

extension NetlinkSocket {
  /// How often a dump is made when the kernel says each time that its objects changed meanwhile.
  static let dumpAttempts = 10

  /// Asks for one object.
  ///
  /// - Parameters:
  ///   - request: A request that wants no acknowledgement.
  ///   - decode: Makes a value of the answer, where it lies.
  /// - Returns: What `decode` made; nil if there was no object in the answer.
  public func query<Value: Sendable>(
    _ request: NetlinkRequest, decode: (borrowing Message) throws(MalformedMessage) -> Value?
  ) throws(NetlinkError) -> Value? {
    let exchange = try reply(to: request, decode: decode)
    return exchange.values.first
  }

  /// Asks for all objects of a kind.
  ///
  /// A dump that the kernel calls interrupted, because objects came and went meanwhile, is made again.
  ///
  /// - Parameters:
  ///   - request: A request with the flag ``MessageFlags/dump``.
  ///   - decode: Makes a value of one object, where it lies; nil to pass it over.
  /// - Throws: `EAGAIN` when ten dumps were interrupted, one after the other: never an incomplete list.
  public func dump<Value: Sendable>(
    _ request: NetlinkRequest, decode: (borrowing Message) throws(MalformedMessage) -> Value?
  ) throws(NetlinkError) -> [Value] {
    try Self.completeDump(request) { () throws(NetlinkError) in try reply(to: request, decode: decode) }
  }

  /// Makes a dump again until one of them was not interrupted.
  static func completeDump<Value>(
    _ request: NetlinkRequest, _ attempt: () throws(NetlinkError) -> ReplyExchange<Value>
  ) throws(NetlinkError) -> [Value] {
    for _ in 0..<dumpAttempts {
      let exchange = try attempt()
      if !exchange.isInterrupted { return exchange.values }
    }
    throw NetlinkError(
      operation: "\(request): interrupted \(dumpAttempts) times by changes", code: .resourceTemporarilyUnavailable)
  }

  private func reply<Value: Sendable>(
    to request: NetlinkRequest, decode: (borrowing Message) throws(MalformedMessage) -> Value?
  ) throws(NetlinkError) -> ReplyExchange<Value> {
    if let defect = request.defect { throw NetlinkError(operation: request.description, code: defect) }
    let exchange = try state.withLock { (state) throws(NetlinkError) in
      var exchange = ReplyExchange<Value>(request, sequence: state.nextSequence)
      state.nextSequence &+= 1
      do throws(SystemError) {
        try state.conduct(&exchange, until: Deadline(after: timeout), decode: decode)
      } catch {
        throw NetlinkError(error, during: request.description)
      }
      return exchange
    }
    if let error = exchange.error { throw error }
    return exchange
  }
}

extension NetlinkSocket.State {
  fileprivate mutating func conduct<Value>(
    _ exchange: inout ReplyExchange<Value>, until deadline: Deadline,
    decode: (borrowing Message) throws(MalformedMessage) -> Value?
  ) throws(SystemError) {
    try descriptor.send(exchange.datagram)
    while !exchange.isComplete {
      let length = try descriptor.receive(into: &buffer, until: deadline)
      exchange.receive(buffer.bytes(0..<length), decode: decode)
    }
  }
}

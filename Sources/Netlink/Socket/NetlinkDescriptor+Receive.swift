internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// How many acknowledgements one system call brings at most.
private let answersPerCall = 16

/// The room for one acknowledgement. It has no part that grows: the request is not repeated in it, and the kernel's
/// words are constants of a line.
private let answerSize = 2048

extension NetlinkDescriptor {
  /// The size of a buffer that fits every call from the start. The kernel makes the parts of a dump as large as the
  /// largest buffer that it was given, up to this.
  static var receiveBufferSize: Int { answersPerCall * answerSize }

  /// Waits until there is something to read.
  ///
  /// - Throws: `ETIMEDOUT` when the time is over.
  func wait(until deadline: Deadline) throws(SystemError) {
    var item = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    let count = try systemCall("poll") { poll(&item, 1, deadline.millisecondsLeft) }
    if count == 0 { throw SystemError("poll", .timedOut) }
  }

  /// Receives one datagram from the kernel, however long. One from any other sender is thrown away.
  ///
  /// - Returns: Its length in the buffer.
  /// - Throws: `ETIMEDOUT`; `ENOBUFS` when the kernel could not keep all that it had to say.
  func receive(into buffer: inout ReceiveBuffer, until deadline: Deadline) throws(SystemError) -> Int {
    let peek = CInt(MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT)
    while true {
      guard let length = try ifReady("recv", { recv(descriptor.rawValue, nil, 0, peek) }) else {
        try wait(until: deadline)
        continue
      }
      buffer.reserve(length)
      var place = DatagramPlace(buffer.memory[...])
      let received = try withUnsafeMutablePointer(to: &place) { (place) throws(SystemError) in
        var header = DatagramPlace.header(place)
        return try ifReady("recvmsg") { recvmsg(descriptor.rawValue, &header, CInt(MSG_DONTWAIT)) }
      }
      if let received, place.sender.nl_pid == 0 { return received }
    }
  }

  /// Receives acknowledgements from the kernel, as many as are there and fit in one system call. Datagrams from any
  /// other sender are thrown away.
  ///
  /// - Returns: Where in the buffer each of them is.
  /// - Throws: `ETIMEDOUT`; `EMSGSIZE` when a datagram was longer than any acknowledgement is; `ENOBUFS` when the
  ///   kernel could not keep all that it had to say.
  func receiveAnswers(into buffer: borrowing ReceiveBuffer, until deadline: Deadline) throws(SystemError)
    -> [Range<Int>]
  {
    while true {
      if let answers = try answersThatAreThere(buffer.memory) { return answers }
      try wait(until: deadline)
    }
  }

  /// Throws away what is there.
  func discardAnswers(into buffer: borrowing ReceiveBuffer) throws(SystemError) {
    while try answersThatAreThere(buffer.memory) != nil {}
  }

  /// Receives what is there with one system call; nil when nothing is.
  private func answersThatAreThere(_ memory: UnsafeMutableRawBufferPointer) throws(SystemError) -> [Range<Int>]? {
    try withUnsafeTemporaryAllocation(of: DatagramPlace.self, capacity: answersPerCall) {
      (places) throws(SystemError) in
      try withUnsafeTemporaryAllocation(of: mmsghdr.self, capacity: answersPerCall) {
        (headers) throws(SystemError) -> [Range<Int>]? in
        guard let firstPlace = places.baseAddress else { return nil }
        for index in 0..<answersPerCall {
          let place = firstPlace + index
          place.initialize(to: DatagramPlace(memory[index * answerSize..<(index + 1) * answerSize]))
          headers.initializeElement(at: index, to: mmsghdr(msg_hdr: DatagramPlace.header(place), msg_len: 0))
        }
        let received = try ifReady("recvmmsg") {
          recvmmsg(descriptor.rawValue, headers.baseAddress, UInt32(answersPerCall), CInt(MSG_DONTWAIT), nil)
        }
        guard let received else { return nil }
        var answers: [Range<Int>] = []
        answers.reserveCapacity(Int(received))
        for index in 0..<Int(received) where places[index].sender.nl_pid == 0 {
          if headers[index].msg_hdr.msg_flags & CInt(MSG_TRUNC) != 0 {
            throw SystemError("recvmmsg", .messageTooLong)
          }
          answers.append(index * answerSize..<index * answerSize + Int(headers[index].msg_len))
        }
        return answers
      }
    }
  }

  /// Runs a system call that does not wait; nil when it would have to.
  func ifReady<Result: SignedInteger>(_ operation: String, _ body: () -> Result) throws(SystemError) -> Result? {
    do throws(SystemError) {
      return try systemCall(operation, body)
    } catch {
      if error.code == .wouldBlock || error.code == .resourceTemporarilyUnavailable { return nil }
      throw error
    }
  }
}

/// Where the kernel puts one datagram and its sender.
private struct DatagramPlace {
  var memory: iovec
  var sender = sockaddr_nl()

  init(_ memory: Slice<UnsafeMutableRawBufferPointer>) {
    let memory = UnsafeMutableRawBufferPointer(rebasing: memory)
    self.memory = iovec(iov_base: memory.baseAddress, iov_len: memory.count)
  }

  /// What the system call is told about a place, which must stay where it is until the call is over.
  static func header(_ place: UnsafeMutablePointer<DatagramPlace>) -> msghdr {
    var header = msghdr()
    header.msg_iov = place.pointer(to: \.memory)
    header.msg_iovlen = 1
    header.msg_name = UnsafeMutableRawPointer(place.pointer(to: \.sender))
    header.msg_namelen = socklen_t(MemoryLayout<sockaddr_nl>.size)
    return header
  }
}

internal import SystemPackage

/// Several requests sent at once, and what has become of each. It reads replies and knows no socket.
struct BatchExchange {
  private let requests: [NetlinkRequest]
  private let firstSequence: UInt32
  private var isPending: [Bool]

  /// What became of each request, in their order; nil for success, and for no answer yet.
  private(set) var outcomes: [NetlinkError?]

  /// How many answers are still to come.
  private(set) var pendingCount: Int

  /// Whether there may be answers that are not waited for any more.
  private(set) var leftAnswers = false

  /// Numbers the requests, the first with `firstSequence`.
  init(_ requests: [NetlinkRequest], firstSequence: UInt32) {
    self.requests = requests
    self.firstSequence = firstSequence
    isPending = requests.map { $0.flags.contains(.acknowledge) }
    outcomes = Array(repeating: nil, count: requests.count)
    pendingCount = isPending.count { $0 }
  }

  /// All messages, one behind the other.
  var datagram: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(requests.reduce(0) { $0 + $1.bytes.count })
    var sequence = firstSequence
    for request in requests {
      let start = bytes.count
      bytes.append(contentsOf: request.bytes)
      withUnsafeBytes(of: sequence) { bytes.replaceSubrange((start + 8)..<(start + 12), with: $0) }
      sequence &+= 1
    }
    return bytes
  }

  /// Takes the acknowledgements out of a datagram. Answers to requests of an earlier exchange are passed over.
  mutating func receive(_ datagram: RawSpan) throws(MalformedMessage) {
    var messages = MessageCursor(datagram)
    while let message = try messages.next() {
      let index = Int(message.sequence &- firstSequence)
      guard message.type == .acknowledgement, index < requests.count else { continue }
      let error = try Acknowledgement(message).error(in: requests[index].description)
      if isPending[index] {
        isPending[index] = false
        pendingCount -= 1
      } else if let error {
        // A request that wants no answer speaks up for the others: it opens or closes a batch of nf_tables, and the
        // kernel then looks at none of them.
        failPending { _ in error }
        leftAnswers = true
      }
      if outcomes[index] == nil { outcomes[index] = error }
    }
  }

  /// Gives every request that has no answer an error.
  mutating func failPending(_ error: (NetlinkRequest) -> NetlinkError) {
    for index in requests.indices where isPending[index] {
      isPending[index] = false
      outcomes[index] = error(requests[index])
    }
    pendingCount = 0
  }
}

/// One request that is answered with objects: a single one, or a dump of them. It reads replies and knows no socket.
struct ReplyExchange<Value> {
  private let request: NetlinkRequest
  private let sequence: UInt32
  private let isDump: Bool

  /// The objects so far.
  private(set) var values: [Value] = []

  /// Why there will be no objects, if so.
  private(set) var error: NetlinkError?

  /// Whether the kernel said that what it dumped changed meanwhile.
  private(set) var isInterrupted = false

  /// Whether all of the answer is here.
  private(set) var isComplete = false

  init(_ request: NetlinkRequest, sequence: UInt32) {
    self.request = request
    self.sequence = sequence
    isDump = request.flags.isSuperset(of: .dump)
  }

  /// The message with its sequence number.
  var datagram: [UInt8] {
    var bytes = request.bytes
    withUnsafeBytes(of: sequence) { bytes.replaceSubrange(8..<12, with: $0) }
    return bytes
  }

  /// Takes the objects out of a datagram. Answers to an earlier request are passed over.
  ///
  /// An object that cannot be decoded does not end a dump: the rest of it is on its way, and must be read.
  mutating func receive(_ datagram: RawSpan, decode: (borrowing Message) throws(MalformedMessage) -> Value?) {
    do throws(MalformedMessage) {
      var messages = MessageCursor(datagram)
      while let message = try messages.next() {
        if message.sequence == sequence && !isComplete { receive(message, decode) }
      }
    } catch {
      // Where the messages of a datagram begin and end is lost, and with it the end of the dump.
      fail(error)
      isComplete = true
    }
  }

  private mutating func receive(
    _ message: borrowing Message, _ decode: (borrowing Message) throws(MalformedMessage) -> Value?
  ) {
    if message.flags.contains(.dumpInterrupted) { isInterrupted = true }
    do throws(MalformedMessage) {
      switch message.type {
      case .noOperation: break
      case .acknowledgement:
        isComplete = true
        error = try Acknowledgement(message).error(in: request.description) ?? error
      case .done:
        isComplete = true
        error = try Acknowledgement(endOfDump: message).error(in: request.description) ?? error
      default:
        if !isDump { isComplete = true }
        if let value = try decode(message) { values.append(value) }
      }
    } catch {
      fail(error)
    }
  }

  private mutating func fail(_ malformed: MalformedMessage) {
    error = error ?? NetlinkError(malformed, during: request.description)
  }
}

extension ReplyExchange: Sendable where Value: Sendable {}

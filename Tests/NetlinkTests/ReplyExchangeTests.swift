@testable import Netlink
import SystemPackage
import Testing

@Suite("Answers that are objects")
struct ReplyExchangeTests {
  private static func request(_ flags: MessageFlags) -> NetlinkRequest {
    NetlinkRequest(MessageBuilder(MessageType(rawValue: 18), flags, UInt32(0)), "list things")
  }

  private let dump = ReplyExchange<UInt32>(request(.dump), sequence: 7)

  /// A message that holds one number.
  private func object(_ value: UInt32, sequence: UInt32 = 7, type: UInt8 = 16, flags: UInt8 = 2) -> [UInt8] {
    [20, 0, 0, 0, type, 0, flags, 0] + withUnsafeBytes(of: sequence) { Array($0) } + [0, 0, 0, 0]
      + withUnsafeBytes(of: value) { Array($0) }
  }

  private func number(_ message: borrowing Message) throws(MalformedMessage) -> UInt32? {
    let value = try message.header(UInt32.self)
    if value == 13 { throw MalformedMessage("thirteen") }
    return value == 0 ? nil : value
  }

  @Test("a dump goes on to its end, over datagrams and foreign numbers")
  func dumps() {
    var exchange = dump
    exchange.receive((object(1) + object(2, sequence: 6) + object(3)).span.bytes, decode: number)
    exchange.receive((object(0) + object(4)).span.bytes, decode: number)
    #expect(!exchange.isComplete)
    exchange.receive(object(0, type: 3).span.bytes, decode: number)
    #expect(exchange.isComplete)
    #expect(exchange.values == [1, 3, 4])
    #expect(exchange.error == nil)
    #expect(!exchange.isInterrupted)
  }

  @Test("one object is all of the answer to a request for one")
  func single() {
    var exchange = ReplyExchange<UInt32>(Self.request([]), sequence: 7)
    exchange.receive(object(5, flags: 0).span.bytes, decode: number)
    #expect(exchange.isComplete)
    #expect(exchange.values == [5])
  }

  @Test("an error ends it", arguments: [([], false), (.dump, true)] as [(MessageFlags, Bool)])
  func error(_ flags: MessageFlags, _ isDump: Bool) {
    var exchange = ReplyExchange<UInt32>(Self.request(flags), sequence: 7)
    if isDump { exchange.receive(object(5).span.bytes, decode: number) }
    exchange.receive(acknowledgement(7, error: 19).span.bytes, decode: number)
    #expect(exchange.isComplete)
    #expect(exchange.error?.description == "list things: no such device")
  }

  @Test("a dump may fail at its end")
  func failsAtEnd() {
    var exchange = dump
    exchange.receive((object(5) + object(UInt32(bitPattern: -12), type: 3)).span.bytes, decode: number)
    #expect(exchange.isComplete)
    #expect(exchange.error?.code == .noMemory)
  }

  @Test("the flag of an interruption counts wherever it is", arguments: [0, 1, 2])
  func interrupted(_ place: Int) {
    var exchange = dump
    for index in 0..<2 { exchange.receive(object(1, flags: index == place ? 0x12 : 2).span.bytes, decode: number) }
    exchange.receive(object(0, type: 3, flags: place == 2 ? 0x12 : 2).span.bytes, decode: number)
    #expect(exchange.isInterrupted)
    #expect(exchange.isComplete)
  }

  @Test("an object that cannot be read fails the dump, but not before its end")
  func unreadable() {
    var exchange = dump
    exchange.receive((object(13) + object(5)).span.bytes, decode: number)
    #expect(!exchange.isComplete)
    exchange.receive(object(0, type: 3).span.bytes, decode: number)
    #expect(exchange.isComplete)
    #expect(exchange.error?.description == "list things: malformed message: thirteen: bad message")
  }

  @Test("a datagram that is no messages ends it")
  func garbage() {
    var exchange = dump
    exchange.receive([1, 2, 3].span.bytes, decode: number)
    #expect(exchange.isComplete)
    #expect(exchange.error?.code == .badMessage)
  }

  @Test("an interrupted dump is made again")
  func again() throws {
    var attempts = 0
    let values = try NetlinkSocket.completeDump(Self.request(.dump)) { () throws(NetlinkError) in
      attempts += 1
      return attempt(attempts < 4, value: UInt32(attempts))
    }
    #expect(attempts == 4)
    #expect(values == [4])
  }

  @Test("but not for ever, and an incomplete list is never an answer")
  func notForEver() {
    var attempts = 0
    let error = #expect(throws: NetlinkError.self) {
      _ = try NetlinkSocket.completeDump(Self.request(.dump)) { () throws(NetlinkError) in
        attempts += 1
        return attempt(true, value: 1)
      }
    }
    #expect(attempts == NetlinkSocket.dumpAttempts)
    #expect(
      error?.description == "list things: interrupted 10 times by changes: resource temporarily unavailable")
  }

  private func attempt(_ isInterrupted: Bool, value: UInt32) -> ReplyExchange<UInt32> {
    var exchange = dump
    exchange.receive(object(value, flags: isInterrupted ? 0x12 : 2).span.bytes, decode: number)
    exchange.receive(object(0, type: 3).span.bytes, decode: number)
    return exchange
  }
}

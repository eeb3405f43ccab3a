@testable import Netlink
import SystemPackage
import Testing

@Suite("Several requests at once")
struct BatchExchangeTests {
  private func request(_ name: String, acknowledged: Bool = true) -> NetlinkRequest {
    NetlinkRequest(
      MessageBuilder(MessageType(rawValue: 100), acknowledged ? .acknowledge : [], UInt32(0)), "do \(name)")
  }

  private func batch(from sequence: UInt32 = 7) -> BatchExchange {
    BatchExchange([request("a"), request("b"), request("c")], firstSequence: sequence)
  }

  @Test("the requests go out in order, each with its number, also past the last number")
  func datagram() {
    let bytes = batch(from: .max).datagram
    #expect(bytes.count == 60)
    #expect([8, 28, 48].map { Array(bytes[$0..<$0 + 4]) } == [[255, 255, 255, 255], [0, 0, 0, 0], [1, 0, 0, 0]])
  }

  @Test("answers are matched by number, not by order")
  func matching() throws {
    var exchange = batch()
    try exchange.receive(acknowledgement(9, error: 17).span.bytes)
    #expect(exchange.pendingCount == 2)
    try exchange.receive((acknowledgement(7, error: 0) + acknowledgement(8, error: 0)).span.bytes)
    #expect(exchange.pendingCount == 0)
    #expect(exchange.outcomes == [nil, nil, NetlinkError(operation: "do c", code: .fileExists)])
    #expect(!exchange.leftAnswers)
  }

  @Test("answers to somebody else's requests, and what is no answer, are passed over")
  func foreign() throws {
    var exchange = batch()
    for sequence in [0, 6, 10, UInt32.max] { try exchange.receive(acknowledgement(sequence, error: 1).span.bytes) }
    var notification = acknowledgement(7, error: 1)
    notification[4] = 16
    try exchange.receive(notification.span.bytes)
    #expect(exchange.pendingCount == 3)
    #expect(exchange.outcomes == [nil, nil, nil])
  }

  @Test("a second answer to one request counts once")
  func twice() throws {
    var exchange = batch()
    try exchange.receive(acknowledgement(7, error: 0).span.bytes)
    try exchange.receive(acknowledgement(7, error: 0).span.bytes)
    #expect(exchange.pendingCount == 2)
  }

  @Test("an answer cut short is an error")
  func short() {
    #expect(throws: MalformedMessage.self) {
      var exchange = batch()
      try exchange.receive(Array(acknowledgement(7, error: 0).dropLast(8)).span.bytes)
    }
  }

  @Test("the refusal of a batch's opening is that of all in it")
  func opening() throws {
    var exchange = BatchExchange(
      [request("begin", acknowledged: false), request("a"), request("b"), request("end", acknowledged: false)],
      firstSequence: 1)
    #expect(exchange.pendingCount == 2)
    try exchange.receive(acknowledgement(1, error: 1).span.bytes)
    #expect(exchange.pendingCount == 0)
    #expect(exchange.leftAnswers)
    let error = NetlinkError(operation: "do begin", code: .notPermitted)
    #expect(exchange.outcomes == [error, error, error, nil])
  }

  @Test("what has no answer fails in its own name")
  func unanswered() throws {
    var exchange = batch()
    try exchange.receive(acknowledgement(8, error: 0).span.bytes)
    exchange.failPending { NetlinkError(operation: $0.description, code: .timedOut) }
    #expect(
      exchange.outcomes.map { $0?.description } == ["do a: timed out", nil, "do c: timed out"])
  }
}

/// A message of the type `NLMSG_ERROR`, as the kernel sends it with `NETLINK_CAP_ACK`.
func acknowledgement(_ sequence: UInt32, error: Int32) -> [UInt8] {
  let number = withUnsafeBytes(of: sequence) { Array($0) }
  let code = withUnsafeBytes(of: -error) { Array($0) }
  let header: [UInt8] = [36, 0, 0, 0, 2, 0, 0, 1] + number + [0, 0, 0, 0]
  let request: [UInt8] = [20, 0, 0, 0, 100, 0, 5, 0] + number + [0, 0, 0, 0]
  return header + code + request
}

import NFTables
@testable import Netlink
import NetworkAddresses
import TestSupport
import Testing

@Suite("Messages as written down in testdata/nftables")
struct FixtureTests {
  private let table = TableReference(family: .inet, name: "t")
  private var chain: ChainReference { ChainReference(table, "c") }
  private let base = Chain.Base(.nat, .postrouting, priority: 99)

  private var rule: Rule {
    get throws {
      Rule(
        .ipv4, .match(.sourceAddress(.ipv4), in: try network("10.1.0.0/16")),
        .match(.destinationAddress(.ipv4), notIn: try network("10.1.0.0/20")),
        .connection(status: .destinationTranslated), .counter, .masquerade(), comment: "word")
    }
  }

  // MARK: What we say

  @Test("tables, chains and rules are what nft says, byte for byte")
  func requests() throws {
    var batch = Batch()
    batch.add(Table(table, comment: "words"))
    batch.add(Chain(chain, base: base, comment: "words"))
    batch.append(try rule, to: chain)
    for (operation, name) in zip(batch.operations, ["nft-add-table", "nft-add-chain", "nft-add-rule"]) {
      let expected = hexadecimal(try HexFixture(name, in: "nftables").bytes)
      #expect(hexadecimal(operation.bytes) == expected, "\(name)")
    }
  }

  // MARK: What the kernel says

  @Test("a table, a chain and a map")
  func objects() throws {
    #expect(
      try decode("kernel-table") { (message) throws(MalformedMessage) in try Table(message) }
        == Table(table, comment: "words"))
    #expect(
      try decode("kernel-chain") { (message) throws(MalformedMessage) in try Chain(message) }
        == Chain(chain, base: base, comment: "words"))
    #expect(
      try decode("kernel-map") { (message) throws(MalformedMessage) in try SetDefinition(message) }
        == SetDefinition(
          SetReference(table, "m"), key: [.layer4Protocol, .port], value: .data([.ipv4Address, .port]),
          comment: "words"))
  }

  @Test("rules")
  func rules() throws {
    let own = try decode("kernel-rule") { (message) throws(MalformedMessage) in try Rule(message) }
    #expect(try own == rule)
    #expect(own.handle != nil)
    let published = try decode("kernel-rule-of-published-ports") { (message) throws(MalformedMessage) in
      try Rule(message)
    }
    #expect(
      published
        == Rule(
          .toLocalAddress, .destinationNAT(.ipv4, .layer4Protocol, .destinationPort, map: "p"), comment: "words"))
    let foreign = try decode("kernel-rule-of-iptables") { (message) throws(MalformedMessage) in try Rule(message) }
    #expect(foreign.comment == "words")
    #expect(foreign.target == "CNI-X")
  }

  @Test("elements")
  func elements() throws {
    let element = try #require(try elements("kernel-elements").first)
    #expect(
      element.element
        == SetElement(
          ElementKey(.protocol(6), .port(8080)), data: ElementKey(.address(try ip("10.1.0.2")), .port(80)),
          comment: "net/c1/eth0"))
    let interval = try #require(try elements("kernel-elements-intervals").first)
    #expect(interval.element.key == ElementKey(.address(try ip("10.0.0.0")), .port(80)))
    #expect(interval.element.lastKey == ElementKey(.address(try ip("10.255.255.255")), .port(90)))
    #expect(interval.element.expiration != nil)
    let verdict = try #require(try elements("kernel-elements-verdicts").first)
    #expect(verdict.element.value == .verdict(.jump("d")))
  }

  private func elements(_ name: String) throws -> [EncodedElement] {
    try decode(name) { (message) throws(MalformedMessage) in try EncodedElement.list(message) }
  }

  private func decode<Value>(_ name: String, _ body: (borrowing Message) throws(MalformedMessage) -> Value?) throws
    -> Value
  {
    try decodeFirst(try HexFixture(name, in: "nftables").bytes, body)
  }

  /// Four bytes a line, so that a difference is found by eye.
  private func hexadecimal(_ bytes: [UInt8]) -> [String] {
    stride(from: 0, to: bytes.count, by: 4).map { start in
      bytes[start..<min(start + 4, bytes.count)].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        .joined(separator: " ")
    }
  }
}

/// Decodes the first message; no message, or one that is passed over, is an error.
func decodeFirst<Value>(_ bytes: [UInt8], _ body: (borrowing Message) throws(MalformedMessage) -> Value?)
  throws(MalformedMessage) -> Value
{
  var messages = MessageCursor(bytes.span.bytes)
  guard let message = try messages.next(), let value = try body(message) else { throw MalformedMessage("nothing") }
  return value
}

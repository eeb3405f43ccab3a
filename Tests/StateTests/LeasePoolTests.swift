import NetworkAddresses
import Testing

@testable import State

/// Which addresses a pool hands out, and in which order.
@Suite struct LeasePoolTests {
  @Test func aPoolIsWalkedOnceFromItsStart() throws {
    let pool = AddressPool(number: 0, [try range("10.1.0.4", "10.1.0.6"), try range("10.2.0.1", "10.2.0.3")])
    #expect(walk(pool) == ["10.1.0.4", "10.1.0.5", "10.1.0.6", "10.2.0.1", "10.2.0.2", "10.2.0.3"])
  }

  @Test func theWalkBeginsAfterTheAddressHandedOutLastWhichComesLast() throws {
    let pool = AddressPool(number: 0, [try range("10.1.0.4", "10.1.0.6"), try range("10.2.0.1", "10.2.0.3")])
    #expect(
      walk(pool, after: "10.1.0.5") == ["10.1.0.6", "10.2.0.1", "10.2.0.2", "10.2.0.3", "10.1.0.4", "10.1.0.5"])
    #expect(walk(pool, after: "10.2.0.3").first == "10.1.0.4")
  }

  @Test(arguments: ["10.1.0.3", "10.1.0.7", "192.168.0.1", "fd00::1"])
  func anAddressHandedOutLastFromElsewhereCountsAsNone(_ last: String) throws {
    #expect(walk(AddressPool(number: 0, [try range("10.1.0.4", "10.1.0.6")]), after: last).first == "10.1.0.4")
  }

  @Test func gatewaysAreLeftOutOfTheirOwnRange() throws {
    let first = try range("10.1.0.1", "10.1.0.3", excluding: "10.1.0.1")
    let second = try range("10.2.0.1", "10.2.0.2", excluding: "10.2.0.2")
    let pool = AddressPool(number: 0, [first, second])
    #expect(walk(pool) == ["10.1.0.2", "10.1.0.3", "10.2.0.1"])
    #expect(walk(pool, after: "10.2.0.1") == ["10.1.0.2", "10.1.0.3", "10.2.0.1"])
    #expect(walk(pool, after: "10.1.0.1") == ["10.1.0.2", "10.1.0.3", "10.2.0.1"])
    #expect(pool.capacity == 3)
  }

  @Test func aPoolOfNothingButItsGatewayHasNothing() throws {
    let pool = AddressPool(number: 0, [try range("10.1.0.1", "10.1.0.1", excluding: "10.1.0.1")])
    #expect(walk(pool) == [])
    #expect(pool.capacity == 0)
  }

  @Test func aPoolWithoutRangesHasNothing() {
    #expect(walk(AddressPool(number: 0, [])) == [])
    #expect(walk(AddressPool(number: 0, []), after: "10.1.0.1") == [])
    #expect(AddressPool(number: 0, []).capacity == 0)
  }

  @Test(arguments: [
    ("255.255.255.254", "255.255.255.255"),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ("::", "::1"),
    ("::ff", "::100"), ("::1:0:0", "::1:0:1"),
  ])
  func theEndsOfAFamilyAndSmallNumbersStayInIt(_ first: String, _ last: String) throws {
    #expect(walk(AddressPool(number: 0, [try range(first, last)])) == [first, last])
  }

  @Test func aHugeRangeIsTwoNumbers() throws {
    let slash64 = AddressPool(number: 0, [try range("fd00::1", "fd00::ffff:ffff:ffff:ffff", excluding: "fd00::1")])
    #expect(slash64.capacity == UInt128(UInt64.max) - 1)
    let parts = slash64.parts(after: IPAddress("fd00::ffff:ffff:ffff:ffff"))
    #expect(parts.first?.lowerBound.description == "fd00::2")
    #expect(parts.count == 1)
    let everything = try range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    #expect(everything.capacity == .max)
  }

  @Test func rangesOfTwoFamiliesOrInTheWrongOrderAreNone() throws {
    let low = try address("10.0.0.1")
    let high = try address("10.0.0.9")
    #expect(AddressRange(from: high, through: low) == nil)
    #expect(AddressRange(from: low, through: try address("fd00::1")) == nil)
  }

  @Test func rangesOverlapInAnyAddressOfTheirs() throws {
    let range = try range("10.0.0.5", "10.0.0.9")
    #expect(range.overlaps(try self.range("10.0.0.9", "10.0.0.20")))
    #expect(range.overlaps(try self.range("10.0.0.1", "10.0.0.5")))
    #expect(range.overlaps(try self.range("10.0.0.6", "10.0.0.7")))
    #expect(range.overlaps(try self.range("10.0.0.1", "10.0.0.20")))
    #expect(!range.overlaps(try self.range("10.0.0.10", "10.0.0.20")))
    #expect(!range.overlaps(try self.range("::a00:5", "::a00:9")))
  }

  @Test func whatIsExcludedIsLeftOutWhereverItLies() throws {
    let first = try address("10.0.0.1")
    let last = try address("10.0.0.9")
    let excluded = [
      ("9.0.0.0", "10.0.0.2"), ("10.0.0.4", "10.0.0.5"), ("10.0.0.5", "10.0.0.6"), ("10.0.0.9", "11.0.0.0"),
    ]
    let range = try #require(
      AddressRange(
        from: first, through: last, excluding: try excluded.map { try address($0.0)...address($0.1) }))
    #expect(range.offered.flatMap(addresses) == ["10.0.0.3", "10.0.0.7", "10.0.0.8"])
    #expect(range.capacity == 3)
    #expect(range.contains(first) && !range.offers(first))
    let pool = AddressPool(number: 0, [range])
    #expect(walk(pool, after: "10.0.0.7") == ["10.0.0.8", "10.0.0.3", "10.0.0.7"])
    #expect(walk(pool, after: "10.0.0.5") == ["10.0.0.7", "10.0.0.8", "10.0.0.3"])
  }

  @Test func anAttachmentsPlaceIsTheSameAlwaysAndTheWalkFromThereIsComplete() throws {
    let pool = AddressPool(
      number: 0, [try range("10.1.0.4", "10.1.0.9", excluding: "10.1.0.6"), try range("10.0.0.1", "10.0.0.3")])
    let all = Set(walk(pool))
    var starts: Set<String> = []
    for number in 0..<100 {
      let owner = LeaseOwner(containerID: "c\(number)", interfaceName: "eth0")
      let walk = pool.parts(from: owner.hash).flatMap(addresses)
      #expect(walk.count == 8 && Set(walk) == all)
      starts.insert(try #require(walk.first))
    }
    #expect(starts == all)
    // What other nodes, and later versions, must compute too.
    let slash24 = AddressPool(number: 0, [try range("10.1.0.1", "10.1.0.254", excluding: "10.1.0.1")])
    let known = LeaseOwner(containerID: "cid1", interfaceName: "eth0")
    #expect(slash24.parts(from: known.hash).first?.lowerBound.description == "10.1.0.222")
  }

  // MARK: Helpers

  func addresses(_ range: ClosedRange<IPAddress>) -> [String] {
    // A range that does not end is cut off, and fails.
    sequence(first: range.lowerBound, next: \.next).prefix { $0 <= range.upperBound }.prefix(20).map(\.description)
  }

  func range(_ first: String, _ last: String, excluding excluded: String? = nil) throws -> AddressRange {
    try addressRange(first, last, excluding: excluded)
  }

  func walk(_ pool: AddressPool, after last: String? = nil) -> [String] {
    pool.parts(after: last.flatMap { IPAddress($0) }).flatMap(addresses)
  }
}

/// An address from its text.
func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

/// A range from texts.
func addressRange(_ first: String, _ last: String, excluding excluded: String? = nil) throws -> AddressRange {
  let (first, last) = (try address(first), try address(last))
  let gateway = try excluded.map { try address($0)...address($0) }
  return try #require(AddressRange(from: first, through: last, excluding: gateway.map { [$0] } ?? []))
}

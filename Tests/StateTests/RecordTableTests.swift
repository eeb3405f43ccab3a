import CLinux
import LinuxSystem
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@testable import State

/// The hash table in a file, and the blocks of taken addresses in it, each compared with what the standard library does.
@Suite struct RecordTableTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func anEntryHasSixtyFourBytes() {
    #expect(MemoryLayout<IndexRecord>.size == 64 && MemoryLayout<IndexRecord>.stride == 64)
  }

  /// Pages of 64 that hold up to 64 each, in which entries spill over, are removed, and come back.
  @Test func whatIsInsertedIsFoundUntilItIsRemoved() throws {
    var random = SystemRandomNumberGenerator()
    let table = try table(pageCount: 4)
    var expected: Set<UInt32> = []
    for _ in 0..<4000 {
      let number = UInt32.random(in: 0..<200, using: &random)
      let address = IPAddress.v4(IPv4Address(rawValue: number))
      // Few keys, so that many entries share one.
      let rest = IndexRecord(resting: address, since: 0, holder: 0)
      let found = try table.first(rest.key) { $0.address == address }
      #expect((found != nil) == expected.contains(number))
      if let found {
        try table.remove(found.position)
        expected.remove(number)
      } else {
        try table.insert(rest)
        expected.insert(number)
      }
    }
    var seen: Set<UInt32> = []
    for page in 0..<table.pageCount {
      for record in try table.records(ofPage: page) where record.kind == .resting {
        seen.insert(UInt32(record.address.number))
      }
    }
    #expect(seen == expected)
  }

  @Test func entriesWithOneKeyAreAllFound() throws {
    let table = try table(pageCount: 2)
    let owner = LeaseFile(LeaseOwner(containerID: "c", interfaceName: "eth0").fileContent, stat())
    for number in 1...100 {
      let address = IPAddress.v4(IPv4Address(rawValue: UInt32(number)))
      try table.insert(IndexRecord(leaseOf: address, file: owner, boot: 1))
    }
    let key = try #require(owner.holder.hash)
    var numbers: [UInt128] = []
    var found = try table.first(key) { _ in true }
    while let current = found {
      numbers.append(current.record.address.number)
      found = try table.first(key, after: current.position) { _ in true }
    }
    #expect(numbers.sorted() == (1...100).map { UInt128($0) })
  }

  /// Spots around the borders of blocks, of levels and of families, at random.
  @Test(arguments: ["0.0.0.0", "10.1.0.0", "255.255.240.0", "::", "fd00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:f000"])
  func theFirstFreeAddressIsTheFirstOneThatIsNotTaken(_ base: String) throws {
    var random = SystemRandomNumberGenerator()
    let table = try table(pageCount: 64)
    let base = try address(base)
    let width: UInt128 = 4096
    // Dense, so that blocks become full: everything but some.
    var free = Set((0..<40).map { _ in UInt128.random(in: 0..<width, using: &random) })
    for offset in 0..<width where !free.contains(offset) {
      try TakenAddresses.insert(try #require(base.advanced(by: offset)), in: table)
    }
    for _ in 0..<400 {
      let low = UInt128.random(in: 0..<width, using: &random)
      let high = UInt128.random(in: low..<width, using: &random)
      let range = try #require(base.advanced(by: low))...(try #require(base.advanced(by: high)))
      let expected = free.filter { (low...high).contains($0) }.min().flatMap { base.advanced(by: $0) }
      #expect(try TakenAddresses.firstFree(in: range, of: table) == expected)
      let offset = UInt128.random(in: 0..<width, using: &random)
      let address = try #require(base.advanced(by: offset))
      #expect(try TakenAddresses.contains(address, in: table) == !free.contains(offset))
      if free.contains(offset) {
        try TakenAddresses.insert(address, in: table)
        free.remove(offset)
      } else {
        try TakenAddresses.remove(address, from: table)
        free.insert(offset)
      }
    }
    for offset in 0..<width where !free.contains(offset) {
      try TakenAddresses.remove(try #require(base.advanced(by: offset)), from: table)
    }
    for page in 0..<table.pageCount {
      #expect(try table.records(ofPage: page).allSatisfy { $0.kind == .empty || $0.kind == .removed })
    }
  }

  @Test func aFullSlash16IsSteppedOver() throws {
    let table = try table(pageCount: 64)
    let base = try address("10.1.0.0")
    for offset in 0..<UInt128(65536) { try TakenAddresses.insert(try #require(base.advanced(by: offset)), in: table) }
    let range = base...(try address("10.255.255.255"))
    #expect(try TakenAddresses.firstFree(in: range, of: table)?.description == "10.2.0.0")
    #expect(try TakenAddresses.firstFree(in: base...(try address("10.1.255.255")), of: table) == nil)
    try TakenAddresses.remove(try address("10.1.77.8"), from: table)
    #expect(try TakenAddresses.firstFree(in: range, of: table)?.description == "10.1.77.8")
  }

  @Test func aFileThatIsTooShortIsAnError() throws {
    let table = try table(pageCount: 4)
    #expect(ftruncate(table.descriptor, 4096) == 0)
    #expect(throws: SystemError.self) { _ = try table.first(7) { _ in true } }
  }

  private func table(pageCount: Int) throws -> RecordTable {
    let path = directory.file("table\(pageCount)")
    return try .empty(
      OwnedDescriptor(opening: path, O_RDWR | O_CREAT | O_TRUNC, mode: 0o600), path: path, pageCount: pageCount)
  }
}

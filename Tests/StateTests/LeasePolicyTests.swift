import CLinux
import LinuxSystem
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@testable import State

/// What a configuration can ask for beyond what the reference does.
@Suite struct LeasePolicyTests {
  let directory: TemporaryDirectory
  let pool: AddressPool
  let owner = LeaseOwner(containerID: "cid1", interfaceName: "eth0")
  let other = LeaseOwner(containerID: "cid2", interfaceName: "eth0")
  let third = LeaseOwner(containerID: "cid3", interfaceName: "eth0")
  let hour = LeasePolicy(cooldown: 3600)

  init() throws {
    directory = try TemporaryDirectory()
    pool = AddressPool(number: 0, [try addressRange("10.1.0.2", "10.1.0.3")])
  }

  @Test func anAddressRestsForEverybodyElse() throws {
    try directory.reserveNext(pool, for: owner, hour)
    try directory.release(owner, hour)
    #expect(try directory.reserveNext(pool, for: other, hour) == "10.1.0.3")
    #expect(try directory.reserveNext(pool, for: third, hour) == nil)
    #expect(try !directory.store(hour).hasFreeAddress(in: pool))
    var store = try directory.store(hour)
    #expect(try !store.reserve(try address("10.1.0.2"), in: pool, for: third))
    let rest = try #require(try store.rest(of: try address("10.1.0.2"), for: third))
    #expect((3000...3600).contains(rest))
    let occupancy = try store.occupancy(of: pool, oldest: 3, holders: 3)
    #expect(occupancy.resting == 1)
    let firstRestEnds = try #require(occupancy.firstRestEnds)
    #expect((3000...3600).contains(firstRestEnds))
    #expect(try store.reserveNext(in: pool, for: owner)?.description == "10.1.0.2")
  }

  @Test func withoutThePolicyNothingRests() throws {
    try directory.reserveNext(pool, for: owner, hour)
    try directory.release(owner, hour)
    try directory.reserveNext(pool, for: other)
    #expect(try directory.reserveNext(pool, for: third) == "10.1.0.2")
  }

  @Test func aRestEnds() throws {
    try directory.reserveNext(pool, for: owner)
    try directory.reserveNext(pool, for: other)
    try directory.release(owner, hour)
    #expect(try directory.reserveNext(pool, for: third, hour) == nil)
    // As long as the configuration says now. No test of how long it takes: of that it ends.
    let short = LeasePolicy(cooldown: 1)
    while try directory.store(short).rest(of: try address("10.1.0.2"), for: third) != nil { usleep(50_000) }
    #expect(try directory.reserveNext(pool, for: third, short) == "10.1.0.2")
    #expect(try directory.store(short).occupancy(of: pool, oldest: 3, holders: 3).resting == 0)
  }

  @Test func anAddThatFailsDoesNotEndTheRest() throws {
    try directory.reserveNext(pool, for: owner, hour)
    try directory.release(owner, hour)
    do {
      var store = try directory.store(hour)
      #expect(try store.reserve(try address("10.1.0.2"), in: pool, for: owner))
    }
    var store = try directory.store(hour)
    #expect(try !store.reserve(try address("10.1.0.2"), in: pool, for: other))
  }

  @Test func whatNobodyHeldDoesNotRest() throws {
    for name in ["10.1.0.2", "10.1.0.3"] { try directory.write([], to: "n1/\(name)") }
    #expect(try directory.collect(keeping: []) == ["10.1.0.2", "10.1.0.3"])
    #expect(try directory.reserveNext(pool, for: owner, hour) == "10.1.0.2")
  }

  @Test func aRestSurvivesThatTheIndexIsMadeAnew() throws {
    try directory.reserveNext(pool, for: owner, hour)
    try directory.release(owner, hour)
    try directory.write([], to: "n1/notes")
    #expect(try directory.reserveNext(pool, for: other, hour) == "10.1.0.3")
    #expect(try directory.reserveNext(pool, for: third, hour) == nil)
  }

  @Test func whatOthersReleaseRestsToo() throws {
    try directory.reserveNext(pool, for: owner, hour)
    try removeFile(directory.file("n1/10.1.0.2"))
    #expect(try directory.reserveNext(pool, for: other, hour) == "10.1.0.3")
    #expect(try directory.reserveNext(pool, for: third, hour) == nil)
  }

  @Test func anAttachmentComesBackToItsAddress() throws {
    let pool = AddressPool(number: 0, [try addressRange("10.1.0.2", "10.1.0.254")])
    let stable = LeasePolicy(isStable: true)
    let address = try #require(try directory.reserveNext(pool, for: owner, stable))
    try directory.reserveNext(pool, for: other, stable)
    try directory.release(owner)
    try directory.reserveNext(pool, for: third, stable)
    #expect(try directory.reserveNext(pool, for: owner, stable) == address)
    try directory.release(owner)
    // Whatever is lost.
    try removeFile(directory.file(".swift-cni/n1/index"))
    try removeFile(directory.file("n1/last_reserved_ip.0"))
    #expect(try directory.reserveNext(pool, for: owner, stable) == address)
  }

  @Test func aStableAddressThatIsTakenIsReplacedByTheNextFreeOne() throws {
    let stable = LeasePolicy(isStable: true)
    let addresses = [
      try directory.reserveNext(pool, for: owner, stable), try directory.reserveNext(pool, for: other, stable),
      try directory.reserveNext(pool, for: third, stable),
    ]
    #expect(Set(addresses) == ["10.1.0.2", "10.1.0.3", nil])
  }
}

import CLinux
import LinuxSystem
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@testable import State

/// The store on real files.
@Suite struct LeaseStoreTests {
  let directory: TemporaryDirectory
  let owner = LeaseOwner(containerID: "cid1", interfaceName: "eth0")
  let other = LeaseOwner(containerID: "cid2", interfaceName: "eth0")

  init() throws { directory = try TemporaryDirectory() }

  // MARK: The files

  @Test func filesAreTheReferencesToTheByte() throws {
    let previousMask = umask(0o022)
    defer { umask(previousMask) }
    try directory.reserveNext(slash24, for: owner)

    #expect(try directory.names(in: "n1") == ["10.1.0.2", "last_reserved_ip.0", "lock"])
    #expect(try directory.read("n1/10.1.0.2") == Array("cid1\r\neth0".utf8))
    #expect(try directory.read("n1/last_reserved_ip.0") == Array("10.1.0.2".utf8))
    #expect(try directory.read("n1/lock") == [])
    #expect(try permissions("n1") == 0o755)
    #expect(try permissions("n1/10.1.0.2") == 0o600)
    #expect(try permissions("n1/last_reserved_ip.0") == 0o600)
    #expect(try permissions("n1/lock") == 0o750)
  }

  @Test func colonsStayInTheNamesOfIPv6Leases() throws {
    try directory.reserveNext(AddressPool(number: 0, [try addressRange("fd00:1::2", "fd00:1::ffff")]), for: owner)
    #expect(try directory.read("n1/fd00:1::2") == Array("cid1\r\neth0".utf8))
  }

  @Test func aShorterAddressReplacesALongerOneAsTheLast() throws {
    try directory.write("10.1.0.254".utf8, to: "n1/last_reserved_ip.0")
    try directory.reserveNext(slash24, for: owner)
    #expect(try directory.read("n1/last_reserved_ip.0") == Array("10.1.0.2".utf8))
  }

  // MARK: Allocation

  @Test func aSmallNetworkHasOneAddress() throws {
    let slash30 = AddressPool(number: 0, [try addressRange("10.1.0.1", "10.1.0.2", excluding: "10.1.0.1")])
    #expect(try directory.reserveNext(slash30, for: owner) == "10.1.0.2")
    #expect(try directory.reserveNext(slash30, for: other) == nil)
  }

  @Test func rangesOfASetAreUsedUpInOrderAndFreedAddressesRestFirst() throws {
    let pool = AddressPool(
      number: 0,
      [
        try addressRange("10.1.0.4", "10.1.0.6", excluding: "10.1.0.1"),
        try addressRange("10.2.0.1", "10.2.0.3", excluding: "10.2.0.1"),
      ])
    let addresses = try (1...6).map {
      try directory.reserveNext(pool, for: LeaseOwner(containerID: "c\($0)", interfaceName: "eth0"))
    }
    #expect(addresses == ["10.1.0.4", "10.1.0.5", "10.1.0.6", "10.2.0.2", "10.2.0.3", nil])
    try directory.release(LeaseOwner(containerID: "c1", interfaceName: "eth0"))
    try directory.release(LeaseOwner(containerID: "c3", interfaceName: "eth0"))
    #expect(try directory.reserveNext(pool, for: owner) == "10.1.0.4")
    #expect(try directory.reserveNext(pool, for: owner) == "10.1.0.6")
  }

  @Test func freeAddressesAreFoundBehindAnyNumberOfTakenOnes() throws {
    for number in 2...200 where number != 100 && number != 150 {
      try directory.write("c\(number)\r\neth0".utf8, to: "n1/10.1.0.\(number)")
    }
    let pool = AddressPool(number: 0, [try addressRange("10.1.0.2", "10.1.0.200")])
    #expect(try directory.reserveNext(pool, for: owner) == "10.1.0.100")
    #expect(try directory.reserveNext(pool, for: owner) == "10.1.0.150")
    #expect(try directory.reserveNext(pool, for: owner) == nil)
    #expect(try directory.names(in: "n1").contains(".lease") == false)
  }

  @Test func everyPoolRemembersItsOwnLast() throws {
    let second = AddressPool(number: 1, [try addressRange("10.2.0.2", "10.2.0.9")])
    var store = try directory.store()
    #expect(try store.reserveNext(in: slash24, for: owner)?.description == "10.1.0.2")
    #expect(try store.reserveNext(in: second, for: owner)?.description == "10.2.0.2")
    store.commit()
    #expect(try directory.read("n1/last_reserved_ip.0") == Array("10.1.0.2".utf8))
    #expect(try directory.read("n1/last_reserved_ip.1") == Array("10.2.0.2".utf8))
  }

  @Test(arguments: ["", "garbage", "10.1.0.2\n", "10.9.9.9"])
  func anUnusableLastCountsAsNone(_ text: String) throws {
    try directory.write(text.utf8, to: "n1/last_reserved_ip.0")
    #expect(try directory.reserveNext(slash24, for: owner) == "10.1.0.2")
  }

  @Test func aFileOfAnyContentKeepsItsAddressWhileThereAreOthers() throws {
    try directory.write([], to: "n1/10.1.0.2")
    try directory.write(Array(repeating: 0, count: 5000), to: "n1/10.1.0.3")
    try makeDirectories(directory.file("n1/10.1.0.4"), mode: 0o755)
    let pool = AddressPool(number: 0, [try addressRange("10.1.0.2", "10.1.0.5")])
    #expect(try directory.reserveNext(pool, for: owner) == "10.1.0.5")
    #expect(try directory.reserveNext(pool, for: other) == "10.1.0.2")
    #expect(try directory.reserveNext(pool, for: LeaseOwner(containerID: "cid3", interfaceName: "eth0")) == "10.1.0.3")
    #expect(try directory.reserveNext(pool, for: LeaseOwner(containerID: "cid4", interfaceName: "eth0")) == nil)
  }

  @Test func whatIsNobodysIsReservedWhereItIsAskedFor() throws {
    try directory.write([0], to: "n1/10.1.0.9")
    var store = try directory.store()
    #expect(try store.reserve(try address("10.1.0.9"), in: slash24, for: owner))
    store.commit()
    #expect(try store.lease(of: try address("10.1.0.9"))?.holder == .owner(owner))
  }

  @Test func aLeaseThatIsEmptiedInPlaceIsNotForever() throws {
    let pool = AddressPool(number: 0, [try addressRange("10.1.0.2", "10.1.0.3")])
    try directory.reserveNext(pool, for: owner)
    try directory.reserveNext(pool, for: other)
    #expect(truncate(directory.file("n1/10.1.0.2"), 0) == 0)
    #expect(try directory.store().hasFreeAddress(in: pool))
    #expect(try directory.reserveNext(pool, for: LeaseOwner(containerID: "cid3", interfaceName: "eth0")) == "10.1.0.2")
  }

  @Test func aParticularAddressIsReservedOnce() throws {
    let wanted = try address("10.1.0.50")
    var store = try directory.store()
    #expect(try store.reserve(wanted, in: slash24, for: owner))
    #expect(try !store.reserve(wanted, in: slash24, for: other))
    store.commit()
    #expect(try store.lease(of: wanted)?.holder == .owner(owner))
    #expect(try directory.read("n1/last_reserved_ip.0") == Array("10.1.0.50".utf8))
  }

  // MARK: The transaction

  @Test func whatWasNotCommittedIsGivenBackAndNothingElse() throws {
    try directory.reserveNext(slash24, for: owner)
    let before = try directory.names(in: "n1")
    do {
      var store = try directory.store()
      #expect(try store.reserveNext(in: slash24, for: owner)?.description == "10.1.0.3")
      #expect(try store.reserve(try address("10.1.0.77"), in: slash24, for: owner))
      #expect(try directory.names(in: "n1").contains("10.1.0.77"))
    }
    #expect(try directory.names(in: "n1") == before)
    #expect(try directory.read("n1/last_reserved_ip.0") == Array("10.1.0.2".utf8))
  }

  @Test func whatAKilledWriterLeftIsNeverWrittenTo() throws {
    try directory.write("cid2\r\neth0".utf8, to: "n1/10.1.0.2")
    _ = try systemCall("link") { link(directory.file("n1/10.1.0.2"), directory.file("n1/.lease")) }
    #expect(try directory.reserveNext(slash24, for: owner) == "10.1.0.3")
    #expect(try directory.read("n1/10.1.0.2") == Array("cid2\r\neth0".utf8))
    #expect(try directory.names(in: "n1") == ["10.1.0.2", "10.1.0.3", "last_reserved_ip.0", "lock"])
  }

  // MARK: Release

  @Test func anOwnersLeasesAreReleasedWhereverTheyAre() throws {
    try directory.reserveNext(slash24, for: owner)
    try directory.reserveNext(AddressPool(number: 0, [try addressRange("fd00::2", "fd00::9")]), for: owner)
    try directory.reserveNext(slash24, for: other)
    #expect(try directory.release(owner) == ["10.1.0.2", "fd00::2"])
    #expect(try directory.release(owner) == [])
    #expect(try directory.names(in: "n1") == ["10.1.0.3", "last_reserved_ip.0", "lock"])
  }

  @Test func aContainersOldLeaseGoesOnlyWhereThereIsNoneInTheInterfacesName() throws {
    try directory.write("cid1".utf8, to: "n1/10.1.0.8")
    try directory.write("cid1\r\neth0".utf8, to: "n1/10.1.0.9")
    #expect(try directory.release(owner) == ["10.1.0.9"])
    #expect(try directory.release(owner) == ["10.1.0.8"])
  }

  @Test func filesThatAreNoLeasesAreNeverTouched() throws {
    let foreign = ["010.1.0.2", "FD00::2", "::ffff:10.1.0.2", "10.1.0.2.bak", "notes", "lock", "last_reserved_ip.0"]
    for name in foreign { try directory.write("cid1\r\neth0".utf8, to: "n1/\(name)") }
    #expect(try directory.release(owner) == [])
    #expect(try directory.collect(keeping: []) == [])
    #expect(try directory.names(in: "n1") == foreign.sorted())
  }

  @Test func aStoreThatIsNotThereIsNotMade() throws {
    let store = try LeaseStore.ifPresent(directory: directory.file("n1"))
    let isThere = store != nil
    #expect(!isThere)
    #expect(try directory.names() == [])
  }

  // MARK: Garbage

  @Test func garbageIsWhatNoGivenOwnerHolds() throws {
    try directory.reserveNext(slash24, for: owner)
    try directory.reserveNext(slash24, for: LeaseOwner(containerID: "cid1", interfaceName: "eth1"))
    try directory.reserveNext(slash24, for: other)
    try directory.write("cid1".utf8, to: "n1/10.1.0.20")
    try directory.write("cid3".utf8, to: "n1/10.1.0.21")
    try directory.write([], to: "n1/10.1.0.22")
    try makeDirectories(directory.file("n1/10.1.0.23"), mode: 0o755)
    #expect(try directory.collect(keeping: [owner]) == ["10.1.0.21", "10.1.0.22", "10.1.0.3", "10.1.0.4"])
    #expect(
      try directory.names(in: "n1") == ["10.1.0.2", "10.1.0.20", "10.1.0.23", "last_reserved_ip.0", "lock"])
  }

  @Test func aLeaseThatWasRewrittenInPlaceIsItsNewHolders() throws {
    try directory.reserveNext(slash24, for: owner)
    try directory.write([], to: "n1/10.1.0.3")
    #expect(try directory.collect(keeping: [owner]) == ["10.1.0.3"])
    // Nothing in the directory's times tells of it.
    let file = try OwnedDescriptor(opening: directory.file("n1/10.1.0.2"), O_WRONLY | O_TRUNC)
    try writeAll(file.rawValue, other.fileContent)
    #expect(try directory.collect(keeping: [other]) == [])
    #expect(try directory.collect(keeping: []) == ["10.1.0.2"])
  }

  @Test func aPoolsLeasesAreCountedAndTheOldestNamed() throws {
    for name in ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.2.0.1"] {
      try directory.write("c\r\n\(name)".utf8, to: "n1/\(name)")
    }
    var times = [timespec(tv_sec: 0, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
    #expect(utimensat(AT_FDCWD, directory.file("n1/10.1.0.3"), &times, 0) == 0)
    let store = try directory.store()
    let occupancy = try store.occupancy(of: slash24, oldest: 1, holders: 9)
    #expect(occupancy.leased == 2 && occupancy.capacity == 253 && occupancy.resting == 0)
    #expect(occupancy.oldest.map(\.address.description) == ["10.1.0.3"])
    #expect(occupancy.oldest.map(\.since) == [1000])
    #expect(occupancy.holders.count == 2)
  }

  @Test func whatCannotBeReleasedIsReportedAfterTheRest() throws {
    try directory.write("cid1\r\neth0".utf8, to: "n1/10.1.0.2")
    try directory.write("cid1\r\neth0".utf8, to: "n1/10.1.0.3")
    // An immutable file can be neither written nor removed, not even by root.
    let immutable = try Program("/usr/bin/chattr", ["+i", directory.file("n1/10.1.0.2")]).run()
    defer { _ = try? Program("/usr/bin/chattr", ["-i", directory.file("n1/10.1.0.2")]).run() }
    guard immutable.status == 0 else { try skip("chattr +i does not work here: \(immutable.errorText)") }
    let error = #expect(throws: SystemError.self) { try directory.release(owner) }
    #expect(error == SystemError("unlink", .notPermitted, on: directory.file("n1/10.1.0.2")))
    #expect(try !directory.names(in: "n1").contains("10.1.0.3"))
  }

  @Test func aWritableStoreIsLeftAsItWas() throws {
    let store = try directory.store()
    try store.checkWritable()
    #expect(try directory.names(in: "n1") == ["lock"])
  }

  // MARK: Helpers

  var slash24: AddressPool {
    get throws { AddressPool(number: 0, [try addressRange("10.1.0.1", "10.1.0.254", excluding: "10.1.0.1")]) }
  }

  func permissions(_ name: String) throws -> mode_t { try fileStatus(directory.file(name)).st_mode & 0o7777 }
}

extension TemporaryDirectory {
  /// Opens the store of network `n1`.
  func store(_ policy: LeasePolicy = LeasePolicy(), boot: Boot? = .current()) throws -> LeaseStore {
    try LeaseStore(directory: file("n1"), policy: policy, boot: boot)
  }

  /// Reserves the next address of a pool in a transaction of its own.
  @discardableResult
  func reserveNext(
    _ pool: AddressPool, for owner: LeaseOwner, _ policy: LeasePolicy = LeasePolicy(), boot: Boot? = .current()
  ) throws -> String? {
    var store = try store(policy, boot: boot)
    let address = try store.reserveNext(in: pool, for: owner)
    store.commit()
    return address?.description
  }

  /// Releases an owner's leases. Returns the addresses, sorted as texts.
  @discardableResult
  func release(_ owner: LeaseOwner, _ policy: LeasePolicy = LeasePolicy()) throws -> [String] {
    let store = try store(policy)
    return try store.release(leasesOf: owner).map(\.description).sorted()
  }

  /// Releases what none of the owners holds. Returns the addresses, sorted as texts.
  func collect(keeping owners: [LeaseOwner]) throws -> [String] {
    let store = try store()
    return try store.releaseAll(except: owners).map(\.description).sorted()
  }
}

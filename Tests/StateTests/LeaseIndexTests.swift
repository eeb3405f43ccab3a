import CLinux
import LinuxSystem
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@testable import State

/// When the index is trusted, when it is made anew, and that nothing depends on it.
@Suite struct LeaseIndexTests {
  let directory: TemporaryDirectory
  let pool: AddressPool

  init() throws {
    directory = try TemporaryDirectory()
    pool = AddressPool(number: 0, [try addressRange("10.1.0.2", "10.1.255.254")])
  }

  @Test func theIndexIsPrivateAndNothingElseIsLeftBesideIt() throws {
    try directory.reserveNext(pool, for: owner(1))
    #expect(try directory.names(in: ".swift-cni/n1") == ["index"])
    #expect(try fileStatus(directory.file(".swift-cni")).st_mode & 0o7777 == 0o700)
    #expect(try fileStatus(directory.file(".swift-cni/n1/index")).st_mode & 0o7777 == 0o600)
  }

  @Test func anIndexIsTrustedWhileNobodyElseChangesTheDirectory() throws {
    try directory.reserveNext(pool, for: owner(1))
    let before = try index()
    try directory.reserveNext(pool, for: owner(2))
    try directory.release(owner(1))
    try directory.release(owner(7))
    #expect(try directory.store().leases(of: owner(2)).count == 1)
    try directory.store().checkWritable()
    #expect(try index() == before)
  }

  @Test(arguments: ["10.1.0.77", "notes"]) func anyChangeByOthersIsSeen(_ name: String) throws {
    try directory.reserveNext(pool, for: owner(1))
    let before = try index()
    try directory.write("c77\r\neth0".utf8, to: "n1/\(name)")
    #expect(try directory.store().leases(of: owner(77)).count == (name == "notes" ? 0 : 1))
    #expect(try index() != before)
    let again = try index()
    try removeFile(directory.file("n1/\(name)"))
    #expect(try directory.store().leases(of: owner(77)).isEmpty)
    #expect(try index() != again)
  }

  @Test func aCopyThatRestoresTheTimesIsSeen() throws {
    try directory.reserveNext(pool, for: owner(1))
    let copy = directory.file("copy")
    #expect(try Program("/bin/cp", ["-a", directory.file("n1"), copy]).run().status == 0)
    try directory.write("c9\r\neth0".utf8, to: "n1/10.1.0.9")
    #expect(try Program("/bin/cp", ["-a", copy + "/.", directory.file("n1")]).run().status == 0)
    #expect(try directory.release(owner(9)) == ["10.1.0.9"])
  }

  @Test(arguments: [UInt64.max, 1 << 31, 3, 0]) func aHeaderThatTellsNonsenseIsNone(_ count: UInt64) throws {
    try directory.reserveNext(pool, for: owner(1))
    let index = try OwnedDescriptor(opening: directory.file(".swift-cni/n1/index"), O_RDWR)
    var header = try #require(IndexHeader(of: index.rawValue))
    header.usedCount = count
    header.holderlessCount = count
    try header.write(to: index.rawValue, path: "index")
    #expect(try directory.release(owner(1)) == ["10.1.0.2"])
    header.pageCount = count
    try header.write(to: index.rawValue, path: "index")
    #expect(IndexHeader(of: index.rawValue) == nil)
  }

  @Test func aFileThatIsNoLeaseDoesNotKeepTheIndexFromBeingTrusted() throws {
    try directory.write(Array(repeating: 0, count: 5000), to: "n1/10.1.0.2")
    try makeDirectories(directory.file("n1/10.1.0.3"), mode: 0o755)
    #expect(symlink("/dev/null", directory.file("n1/10.1.0.4")) == 0)
    #expect(mkfifo(directory.file("n1/10.1.0.5"), 0o600) == 0)
    #expect(try directory.reserveNext(pool, for: owner(1)) == "10.1.0.6")
    let before = try index()
    try directory.release(owner(1))
    #expect(try index() == before)
  }

  @Test func anAddressThatCannotBeListedIsAnErrorAndNotTriedForEver() throws {
    // As the name of a file it reads as 0.0.0.5, so that the directory never seems to have it.
    let mapped = AddressPool(number: 0, [try #require(AddressRange(from: mappedFive, through: mappedFive))])
    #expect(try directory.reserveNext(mapped, for: owner(1)) != nil)
    #expect(throws: SystemError.self) { try directory.reserveNext(mapped, for: owner(2)) }
  }

  private var mappedFive: IPAddress { .v6(IPv6Address(rawValue: 0xffff_0000_0005)) }

  @Test func theTimeThatProvesIsNoneThatTheKernelGives() throws {
    // Changes of the same tick, before and after ours.
    for round in 1...50 {
      try directory.reserveNext(pool, for: owner(round))
      try directory.write("c\(1000 + round)\r\neth0".utf8, to: "n1/10.1.9.\(round)")
      #expect(try directory.store().leases(of: owner(1000 + round)).count == 1)
    }
  }

  @Test(arguments: ["missing", "empty", "garbage", "short", "directory", "link"])
  func anIndexThatCannotBeUsedLosesNothing(_ damage: String) throws {
    for number in 1...5 { try directory.reserveNext(pool, for: owner(number)) }
    let path = directory.file(".swift-cni/n1/index")
    switch damage {
    case "missing": try removeFile(path)
    case "empty": #expect(truncate(path, 0) == 0)
    case "short": #expect(truncate(path, 5000) == 0)
    case "garbage":
      try directory.write((0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 7) }, to: ".swift-cni/n1/index")
    case "directory":
      try removeFile(path)
      try makeDirectories(path, mode: 0o700)
    default:
      try removeFile(path)
      #expect(symlink("/dev/null", path) == 0)
    }
    #expect(try directory.release(owner(3)) == ["10.1.0.4"])
    #expect(try directory.release(owner(99)) == [])
    #expect(try directory.reserveNext(pool, for: owner(6)) == "10.1.0.7")
    #expect(try directory.store().leases(of: owner(5)).map(\.address.description) == ["10.1.0.6"])
    #expect(try directory.names(in: "n1").filter { $0.hasPrefix("10.") }.count == 5)
  }

  @Test func withoutAPlaceForAnIndexEverythingWorks() throws {
    try directory.write([], to: ".swift-cni")
    for number in 1...5 { try directory.reserveNext(pool, for: owner(number)) }
    #expect(try directory.release(owner(3)) == ["10.1.0.4"])
    #expect(try directory.names(in: "n1").filter { $0.hasPrefix("10.") }.count == 4)
  }

  @Test func anEntryThatTheIndexLacksIsFoundByItsFile() throws {
    try directory.reserveNext(pool, for: owner(1))
    // The index is made to say that 10.1.0.3 is free, though somebody has it.
    try directory.write("c9\r\neth0".utf8, to: "n1/10.1.0.3")
    try forge()
    #expect(try directory.reserveNext(pool, for: owner(2)) == "10.1.0.4")
    #expect(try directory.release(owner(9)) == ["10.1.0.3"])
  }

  @Test func anEntryWhoseFileIsGoneIsNoLease() throws {
    try directory.reserveNext(pool, for: owner(1))
    try removeFile(directory.file("n1/10.1.0.2"))
    try forge()
    #expect(try directory.release(owner(1)) == [])
    #expect(try directory.store().leases(of: owner(1)).isEmpty)
  }

  @Test func theTableGrowsWithTheStore() throws {
    // Leases of others are read when the index is made, ours are added one by one: both beyond several doublings.
    for number in 0..<600 {
      try directory.write("x\(number)\r\neth0".utf8, to: "n1/10.1.\(100 + number / 250).\(number % 250)")
    }
    for number in 1...400 { try directory.reserveNext(pool, for: owner(number)) }
    let store = try directory.store()
    for number in 1...400 { #expect(try store.leases(of: owner(number)).count == 1) }
    for number in 0..<600 {
      let other = LeaseOwner(containerID: "x\(number)", interfaceName: "eth0")
      #expect(try store.leases(of: other).count == 1)
    }
    #expect(try store.occupancy(of: pool, oldest: 3, holders: 5).leased == 1000)
  }

  // MARK: Helpers

  func owner(_ number: Int) -> LeaseOwner { LeaseOwner(containerID: "c\(number)", interfaceName: "eth0") }

  /// Which file the index is: another one after it was made anew.
  func index() throws -> FileIdentity { try FileIdentity(ofPath: directory.file(".swift-cni/n1/index")) }

  /// Writes into the index that the directory is as it was when the index was written.
  func forge() throws {
    let index = try OwnedDescriptor(opening: directory.file(".swift-cni/n1/index"), O_RDWR)
    var header = try #require(IndexHeader(of: index.rawValue))
    let status = try fileStatus(directory.file("n1"))
    header.proof = nanoseconds(status.st_mtim)
    header.proven = nanoseconds(status.st_ctim)
    try header.write(to: index.rawValue, path: "index")
  }
}

import CLinux
import LinuxSystem
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@testable import State

/// Which leases a reboot ends.
@Suite struct LeaseBootTests {
  let directory: TemporaryDirectory
  let pool: AddressPool
  let owner = LeaseOwner(containerID: "cid1", interfaceName: "eth0")
  let other = LeaseOwner(containerID: "cid2", interfaceName: "eth0")

  /// Boots that say nothing by their time: as if the clock stood in 1970 at their start.
  let first = Boot(identifier: 1, start: 0, startByClock: 0, uptime: 1)
  let second = Boot(identifier: 2, start: 0, startByClock: 9_000_000_000_000, uptime: 2)

  init() throws {
    directory = try TemporaryDirectory()
    pool = AddressPool(number: 0, [try addressRange("10.1.0.2", "10.1.0.254")])
  }

  @Test func whatTheIndexSawInAnEarlierBootIsGone() throws {
    try directory.reserveNext(pool, for: owner, boot: first)
    try directory.write("cid2\r\neth0".utf8, to: "n1/10.1.0.9")
    _ = try directory.store(boot: first)
    _ = try directory.store(boot: second)
    #expect(try leases() == [])
  }

  @Test func anotherIdentifierInTheSameRunOfTheKernelIsNoReboot() throws {
    // A container with a boot identifier of its own, which shares the store with its host.
    let host = Boot(identifier: 1, start: 0, startByClock: 5_000_000_000, uptime: 100)
    let container = Boot(identifier: 2, start: 0, startByClock: 5_050_000_000, uptime: 200)
    try directory.reserveNext(pool, for: owner, boot: host)
    try directory.reserveNext(pool, for: other, boot: container)
    _ = try directory.store(boot: Boot(identifier: 1, start: 0, startByClock: 5_000_000_000, uptime: 300))
    #expect(try leases() == ["10.1.0.2", "10.1.0.3"])
    // Started at the same time by the clock, which always begins at the same time, but for less long.
    _ = try directory.store(boot: Boot(identifier: 3, start: 0, startByClock: 5_000_000_000, uptime: 50))
    #expect(try leases() == [])
  }

  @Test func whatCameAfterTheIndexWasWrittenStays() throws {
    try directory.reserveNext(pool, for: owner, boot: first)
    // The reference, in the second boot, before any call of ours.
    try directory.write("cid2\r\neth0".utf8, to: "n1/10.1.0.9")
    _ = try directory.store(boot: second)
    #expect(try leases() == ["10.1.0.9"])
  }

  @Test func anAddressThatWasTakenAgainByOthersIsAnotherLease() throws {
    try directory.reserveNext(pool, for: owner, boot: first)
    try removeFile(directory.file("n1/10.1.0.2"))
    try directory.write("cid1\r\neth0".utf8, to: "n1/10.1.0.2")
    _ = try directory.store(boot: second)
    #expect(try leases() == ["10.1.0.2"])
  }

  @Test func withoutAnIndexTheTimesSayIt() throws {
    try directory.write("cid1\r\neth0".utf8, to: "n1/10.1.0.2")
    try directory.write([], to: "n1/10.1.0.3")
    let changed = nanoseconds(try fileStatus(directory.file("n1/10.1.0.2")).st_ctim)
    _ = try directory.store(boot: Boot(identifier: 2, start: changed))
    #expect(try leases() == ["10.1.0.2", "10.1.0.3"])
    try removeFile(directory.file(".swift-cni/n1/index"))
    _ = try directory.store(boot: Boot(identifier: 2, start: .max))
    #expect(try leases() == [])
  }

  @Test func aTimeThatSomebodySetSaysNothing() throws {
    try directory.write("cid1\r\neth0".utf8, to: "n1/10.1.0.2")
    #expect(utimensat(AT_FDCWD, directory.file("n1/10.1.0.2"), [timespec(), timespec()], 0) == 0)
    _ = try directory.store(boot: .current())
    #expect(try leases() == ["10.1.0.2"])
  }

  @Test func whatCannotBeReadStays() throws {
    try makeDirectories(directory.file("n1/10.1.0.2"), mode: 0o755)
    #expect(symlink("/dev/null", directory.file("n1/10.1.0.3")) == 0)
    _ = try directory.store(boot: Boot(identifier: 2, start: .max))
    #expect(try leases() == ["10.1.0.2", "10.1.0.3"])
  }

  @Test func aContainerThatComesBackGetsALease() throws {
    try directory.reserveNext(pool, for: owner, boot: first)
    try directory.reserveNext(pool, for: owner, boot: second)
    #expect(try leases() == ["10.1.0.3"])
  }

  @Test func whereTheBootIsNotKnownEverythingStays() throws {
    try directory.reserveNext(pool, for: owner, boot: first)
    #expect(try directory.reserveNext(pool, for: other, boot: nil) == "10.1.0.3")
    #expect(try leases() == ["10.1.0.2", "10.1.0.3"])
  }

  @Test func theRunningBootIsOlderThanAnyFileOfIts() throws {
    let boot = try #require(Boot.current())
    try directory.write([], to: "file")
    #expect(boot.start < nanoseconds(try fileStatus(directory.file("file")).st_ctim))
    #expect(Boot.current()?.identifier == boot.identifier)
  }

  func leases() throws -> [String] { try directory.names(in: "n1").filter { $0.hasPrefix("10.") } }
}

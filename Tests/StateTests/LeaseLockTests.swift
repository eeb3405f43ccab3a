import CLinux
import LinuxSystem
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@testable import State

/// Who may change a store, and when.
@Suite struct LeaseLockTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func aLockThatIsNotReleasedIsAnErrorThatNamesItsHolder() throws {
    try directory.write([], to: "n1/lock")
    let held = try OwnedDescriptor(opening: directory.file("n1/lock"), O_RDONLY)
    _ = try systemCall("flock") { flock(held.rawValue, LOCK_EX) }

    let error = #expect(throws: SystemError.self) { _ = try LeaseStore(directory: directory.file("n1"), patience: 0) }
    #expect(error?.code == .timedOut)
    #expect(error?.subject == directory.file("n1/lock"))
    #expect(error?.operation.contains("process \(getpid())") == true)
  }

  @Test(.timeLimit(.minutes(1))) func aWaitEndsThoughTheCallerBlocksEverySignal() throws {
    try directory.write([], to: "n1/lock")
    let held = try OwnedDescriptor(opening: directory.file("n1/lock"), O_RDONLY)
    _ = try systemCall("flock") { flock(held.rawValue, LOCK_EX) }
    try onThreadOfItsOwn {
      var all = sigset_t()
      sigfillset(&all)
      pthread_sigmask(SIG_BLOCK, &all, nil)
      let error = #expect(throws: SystemError.self) { _ = try LeaseStore(directory: directory.file("n1"), patience: 1) }
      #expect(error?.code == .timedOut)
      #expect(error?.operation.hasPrefix("wait 1 s for process \(getpid()) (") == true)
    }
  }

  @Test func theLockIsHeldAsLongAsTheStoreIsOpen() throws {
    do {
      let store = try directory.store()
      #expect(throws: SystemError.self) { _ = try LeaseStore(directory: directory.file("n1"), patience: 0) }
      try store.checkWritable()
    }
    _ = try LeaseStore(directory: directory.file("n1"), patience: 0)
  }

  @Test(.timeLimit(.minutes(1))) func aLockFileThatWasRemovedMeanwhileExcludesNobody() async throws {
    try directory.write([], to: "n1/lock")
    let path = directory.file("n1/lock")
    let held = try OwnedDescriptor(opening: path, O_RDONLY)
    _ = try systemCall("flock") { flock(held.rawValue, LOCK_EX) }

    let directory = directory
    let opening = Task.detached { () throws -> FileIdentity in
      let store = try directory.store()
      // Held by the store, so that this cannot be had.
      #expect(throws: SystemError.self) { _ = try LeaseStore(directory: directory.file("n1"), patience: 0) }
      try store.checkWritable()
      return try FileIdentity(ofPath: path)
    }
    let old = try FileIdentity(of: held.rawValue)
    while try openCount(of: old) < 2 { try await Task.sleep(for: .milliseconds(1)) }
    try removeFile(path)
    _ = try systemCall("flock") { flock(held.rawValue, LOCK_UN) }
    #expect(try await opening.value != old)
  }

  @Test func addressesAreNotHandedOutTwiceByManyAtOnce() async throws {
    let directory = directory
    let pool = AddressPool(number: 0, [try addressRange("10.1.0.1", "10.1.0.254", excluding: "10.1.0.1")])
    let addresses = try await withThrowingTaskGroup(of: [String].self) { group in
      for worker in 0..<8 {
        group.addTask {
          try (0..<25).map { round in
            let owner = LeaseOwner(containerID: "w\(worker)", interfaceName: "eth\(round)")
            return try #require(try directory.reserveNext(pool, for: owner))
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(addresses.count == 200)
    #expect(Set(addresses).count == 200)
    #expect(try directory.names(in: "n1").count == 202)
  }

  /// How many descriptors of this process refer to a file.
  private func openCount(of file: FileIdentity) throws -> Int {
    try namesInDirectory("/proc/self/fd").count { (try? FileIdentity(ofPath: "/proc/self/fd/\($0)")) == file }
  }
}

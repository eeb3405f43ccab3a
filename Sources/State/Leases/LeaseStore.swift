internal import CLinux
package import LinuxSystem
package import NetworkAddresses
internal import SystemPackage

/// The address leases of one network, locked: nobody else, ours or the reference's, changes them while this value lives.
///
/// What ``reserve(_:in:for:askedForBy:)`` and ``reserveNext(in:for:askedForBy:)`` reserve is given back when the value goes
/// away, unless ``commit()`` was called before: whoever throws half-way leaves the store as it was, and earlier reservations
/// of the same owner are never touched.
///
/// The store takes its ranges from whoever hands them over, and does not know where they come from. The format is
/// described in `docs/leases.md`.
package struct LeaseStore: ~Copyable {
  let directory: LeaseDirectory
  let index: LeaseIndex
  let policy: LeasePolicy
  private let lockFile: OwnedDescriptor
  private var uncommitted: [Reservation] = []

  private struct Reservation {
    let address: IPAddress
    let pool: AddressPool
    let owner: LeaseOwner
    /// The rest that the address was at.
    let rest: IndexRecord?
  }

  /// Opens a store, and makes its directory where there is none.
  ///
  /// - Parameters:
  ///   - path: The directory of one network.
  ///   - policy: How addresses are chosen.
  ///   - boot: Which run of the kernel this is. What is left of an earlier one is removed. Nil where it is not known: then
  ///     nothing is, and the index is made for this call only.
  ///   - seconds: How long to wait for others who have the store open.
  /// - Throws: `ETIMEDOUT` when they do not finish; the text names their processes.
  package init(
    directory path: String, policy: LeasePolicy = LeasePolicy(), boot: Boot? = .current(),
    patience seconds: Int = Self.patience
  ) throws(SystemError) {
    try self.init(path, isToBeMade: true, policy: policy, boot: boot, patience: seconds)
  }

  /// Opens a store for those who have nothing to do where there is none.
  ///
  /// - Returns: Nil when the directory does not exist. It is not made.
  package static func ifPresent(
    directory path: String, policy: LeasePolicy = LeasePolicy(), boot: Boot? = .current(),
    patience seconds: Int = Self.patience
  ) throws(SystemError) -> LeaseStore? {
    do throws(SystemError) {
      return try LeaseStore(path, isToBeMade: false, policy: policy, boot: boot, patience: seconds)
    } catch {
      if error.code == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  /// How many seconds to wait for others. One that has the store open needs milliseconds, one of the reference's in a
  /// store of tens of thousands of leases less than a second; runtimes give a call minutes.
  package static let patience = 10

  private init(
    _ path: String, isToBeMade: Bool, policy: LeasePolicy, boot: Boot?, patience seconds: Int
  ) throws(SystemError) {
    let directory = LeaseDirectory(path: path)
    let lockFile = try lockedFile(of: directory, isToBeMade: isToBeMade, patience: seconds)
    index = try LeaseIndex(of: directory, boot: boot, policy: policy)
    self.directory = directory
    self.policy = policy
    self.lockFile = lockFile
  }

  deinit {
    for reservation in uncommitted where unlink(directory.lease(of: reservation.address)) == 0 {
      index.remove(reservation.address, of: .owner(reservation.owner), thenAtRest: reservation.rest)
    }
    index.prove()
    // The lock is let go after this, when its descriptor closes.
  }

  // MARK: Reserving

  /// Reserves one particular address, whether the pool would hand it out by itself or not.
  ///
  /// - Parameter process: The process that asks: while it lives, GC takes the lease for one whose ADD is going on.
  /// - Returns: False when it is taken, or at rest.
  package mutating func reserve(
    _ address: IPAddress, in pool: AddressPool, for owner: LeaseOwner, askedForBy process: CInt = getpid()
  ) throws(SystemError) -> Bool {
    if try index.rest(of: address, for: owner) != nil { return false }
    let lease = try prepareLease(for: owner)
    if try take(address, in: pool, for: owner, with: lease, askedForBy: process) { return true }
    guard let file = try directory.leaseFile(of: address), file.holder == .nobody else { return false }
    try remove(address, of: file.holder)
    return try take(address, in: pool, for: owner, with: lease, askedForBy: process)
  }

  /// Reserves the next free address of a pool, beginning after the one that was handed out last, or where the policy says.
  ///
  /// - Parameter process: The process that asks: while it lives, GC takes the lease for one whose ADD is going on.
  /// - Returns: Nil when every address is taken, or at rest.
  package mutating func reserveNext(
    in pool: AddressPool, for owner: LeaseOwner, askedForBy process: CInt = getpid()
  ) throws(SystemError) -> IPAddress? {
    let lease = try prepareLease(for: owner)
    let parts = policy.isStable ? pool.parts(from: owner.hash) : pool.parts(after: lastReserved(in: pool))
    if let address = try takeFirst(of: parts, in: pool, for: owner, with: lease, askedForBy: process) { return address }
    // Before anybody hears that there is nothing left: what the directory really holds, and what nobody holds.
    let isRechecked = try recheckIndex()
    guard try releaseHolderless(in: pool) || isRechecked else { return nil }
    return try takeFirst(of: parts, in: pool, for: owner, with: lease, askedForBy: process)
  }

  private mutating func takeFirst(
    of parts: [ClosedRange<IPAddress>], in pool: AddressPool, for owner: LeaseOwner,
    with lease: borrowing PreparedLease, askedForBy process: CInt
  ) throws(SystemError) -> IPAddress? {
    var refused: IPAddress?
    for part in parts {
      while let address = try index.firstFree(in: part, for: owner) {
        if try take(address, in: pool, for: owner, with: lease, askedForBy: process) { return address }
        // The file has the last word; but something that the directory does not list cannot be learnt from it.
        guard address != refused else { throw SystemError("link", .fileExists, on: directory.lease(of: address)) }
        refused = address
        try index.rebuild()
      }
    }
    return nil
  }

  private func prepareLease(for owner: LeaseOwner) throws(SystemError) -> PreparedLease {
    index.directoryWillChange()
    return try PreparedLease(in: directory, content: owner.fileContent)
  }

  private mutating func take(
    _ address: IPAddress, in pool: AddressPool, for owner: LeaseOwner, with lease: borrowing PreparedLease,
    askedForBy process: CInt
  ) throws(SystemError) -> Bool {
    guard try lease.take(address) else { return false }
    let rest = index.insert(address, lease.file, askedForBy: process)
    uncommitted.append(Reservation(address: address, pool: pool, owner: owner, rest: rest))
    return true
  }

  /// Keeps what was reserved, and remembers it as handed out last.
  package mutating func commit() {
    // A hint, without which the ADD is as good.
    for reservation in uncommitted { try? setLastReserved(reservation.address, in: reservation.pool) }
    uncommitted = []
  }

  /// Makes the index anew, because a lease file can be emptied, and freed by somebody who does not lock, without a trace
  /// in the directory. Not where that takes long and was done a moment ago: a full pool is asked often.
  ///
  /// - Returns: Whether it was.
  private func recheckIndex() throws(SystemError) -> Bool {
    guard index.isSmall || nanosecondsSinceBoot() &- index.built > 60_000_000_000 else { return false }
    try index.rebuild()
    return true
  }

  // MARK: Looking

  /// Whether a pool has an address that the next ADD would get.
  package func hasFreeAddress(in pool: AddressPool) throws(SystemError) -> Bool {
    if try isFree(in: pool) { return true }
    _ = try recheckIndex()
    if try hasHolderlessLease(in: pool) { return true }
    return try isFree(in: pool)
  }

  private func isFree(in pool: AddressPool) throws(SystemError) -> Bool {
    for part in pool.parts(after: lastReserved(in: pool)) where try index.firstFree(in: part, for: nil) != nil {
      return true
    }
    return false
  }

  /// The lease of an address; nil where there is none.
  package func lease(of address: IPAddress) throws(SystemError) -> Lease? {
    try directory.leaseFile(of: address).map { Lease(address: address, $0) }
  }

  /// Where the lease of an address is, or would be.
  package func path(of address: IPAddress) -> String { directory.lease(of: address) }

  /// For how many seconds an address still rests; nil where it does not.
  package func rest(of address: IPAddress, for owner: LeaseOwner) throws(SystemError) -> Int? {
    try index.rest(of: address, for: owner).map { Int($0 / 1_000_000_000) + 1 }
  }

  /// The leases that an owner holds, in its name or in that of its whole container.
  package func leases(of owner: LeaseOwner) throws(SystemError) -> [Lease] { try index.leases(of: owner) }

  /// Fails if a lease could not be written: by writing one, and giving it a name that is no address.
  package func checkWritable() throws(SystemError) {
    index.directoryWillChange()
    try PreparedLease(in: directory, content: [0]).tryName()
  }

  // MARK: Releasing

  /// Releases what an owner holds in its name, or where that is nothing, in the name of its whole container. Nothing at
  /// all is fine.
  ///
  /// - Returns: The addresses that are free now.
  /// - Throws: The first failure, after every lease was tried.
  @discardableResult
  package func release(leasesOf owner: LeaseOwner) throws(SystemError) -> [IPAddress] {
    let leases = try index.leases(of: owner)
    let inItsName = leases.filter { $0.holder == .owner(owner) }
    return try release((inItsName.isEmpty ? leases : inItsName).map(\.address))
  }

  /// Releases leases. See ``release(leasesOf:)``.
  func release(_ addresses: [IPAddress]) throws(SystemError) -> [IPAddress] {
    var released: [IPAddress] = []
    var firstFailure: SystemError?
    for address in addresses {
      do throws(SystemError) {
        guard let file = try directory.leaseFile(of: address) else { continue }
        try remove(address, of: file.holder)
        released.append(address)
      } catch {
        firstFailure = firstFailure ?? error
      }
    }
    if let firstFailure { throw firstFailure }
    return released
  }

  /// Removes a lease: first its file, then its entry in the index, which the removal has made doubtful until it is proven
  /// again. The address rests from now on, for everybody but the one who had it.
  private func remove(_ address: IPAddress, of holder: LeaseHolder) throws(SystemError) {
    index.directoryWillChange()
    try removeFile(directory.lease(of: address))
    let now = nanosecondsSinceBoot()
    index.remove(
      address, of: holder, thenAtRest: holder.hash.map { IndexRecord(resting: address, since: now, holder: $0) })
  }

  // MARK: The address handed out last

  /// A hint, so that one that cannot be read counts as none.
  private func lastReserved(in pool: AddressPool) -> IPAddress? {
    guard let bytes = try? readFile(directory.lastReserved(ofPool: pool.number), limit: 64) else { return nil }
    return IPAddress(String(decoding: bytes, as: UTF8.self))
  }

  /// Writes in place and cuts off what is left of a longer text. Truncating first would make ext4 write the file out
  /// before it closes it, a hundred times the cost; and a kill between the two steps spoils no more than a hint.
  private func setLastReserved(_ address: IPAddress, in pool: AddressPool) throws(SystemError) {
    let path = directory.lastReserved(ofPool: pool.number)
    let file = try OwnedDescriptor(opening: path, O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, mode: 0o600)
    let text = Array(address.description.utf8)
    try writeAll(file.rawValue, text, subject: path)
    _ = try systemCall("ftruncate", on: path) { ftruncate(file.rawValue, text.count) }
  }
}

/// Opens and locks a store's lock file.
///
/// - Parameter isToBeMade: Whether the directory is made where there is none.
private func lockedFile(of directory: LeaseDirectory, isToBeMade: Bool, patience seconds: Int) throws(SystemError)
  -> OwnedDescriptor
{
  let path = directory.lockFile
  while true {
    if isToBeMade { try makeDirectories(directory.path, mode: 0o755) }
    do throws(SystemError) {
      let file = try OwnedDescriptor(opening: path, O_CREAT | O_RDONLY | O_NONBLOCK, mode: 0o750)
      try lock(file.rawValue, .exclusive, seconds: seconds, subject: path)
      // People remove the whole directory to free its addresses. A lock on a file without a name excludes nobody.
      if try FileIdentity.ifPresent(atPath: path) == FileIdentity(of: file.rawValue) { return file }
    } catch {
      // Also between the two steps of making it.
      guard isToBeMade, error.code == .noSuchFileOrDirectory, access(directory.path, F_OK) != 0 else { throw error }
    }
  }
}

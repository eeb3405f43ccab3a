internal import CLinux
package import LinuxSystem
package import NetworkAddresses
internal import SystemPackage

/// The address leases of one network, locked: nobody else, ours or the reference's, changes them while this value lives.
///
/// What ``reserve(_:in:for:)`` and ``reserveNext(in:for:)`` reserve is given back when the value goes away,
/// unless ``commit()`` was called before: whoever throws half-way leaves the store as it was, and earlier reservations
/// of the same owner are never touched.
///
/// The store takes its ranges from whoever hands them over, and does not know where they come from. The format is
/// described in `docs/leases.md`.
package struct LeaseStore: ~Copyable {
  private let directory: LeaseDirectory
  private let index: LeaseIndex
  private let lockFile: OwnedDescriptor
  private var uncommitted: [Reservation] = []

  private struct Reservation {
    let address: IPAddress
    let pool: AddressPool
  }

  /// Opens a store, and makes its directory where there is none.
  ///
  /// - Parameters:
  ///   - path: The directory of one network.
  ///   - seconds: How long to wait for others who have the store open.
  /// - Throws: `ETIMEDOUT` when they do not finish; the text names their processes.
  package init(directory path: String, patience seconds: Int = Self.patience) throws(SystemError) {
    try makeDirectories(path, mode: 0o755)
    try self.init(existing: path, patience: seconds)
  }

  /// Opens a store for those who have nothing to do where there is none.
  ///
  /// - Returns: Nil when the directory does not exist. It is not made.
  package static func ifPresent(directory path: String, patience seconds: Int = Self.patience) throws(SystemError)
    -> LeaseStore?
  {
    do throws(SystemError) {
      return try LeaseStore(existing: path, patience: seconds)
    } catch {
      if error.code == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  /// How many seconds to wait for others. One that has the store open needs milliseconds, one of the reference's in a
  /// store of tens of thousands of leases less than a second; runtimes give a call minutes.
  package static let patience = 10

  private init(existing path: String, patience seconds: Int) throws(SystemError) {
    directory = LeaseDirectory(path: path)
    index = LeaseIndex(directory: directory)
    lockFile = try lockedFile(directory.lockFile, patience: seconds)
  }

  deinit {
    // The lock is let go after this, when its descriptor closes.
    for reservation in uncommitted { unlink(directory.lease(of: reservation.address)) }
  }

  // MARK: Reserving

  /// Reserves one particular address, whether the pool would hand it out by itself or not.
  ///
  /// - Returns: False when it is taken.
  package mutating func reserve(_ address: IPAddress, in pool: AddressPool, for owner: LeaseOwner) throws(SystemError)
    -> Bool
  {
    let lease = try PreparedLease(in: directory, content: owner.fileContent)
    return try reserve(address, in: pool, with: lease)
  }

  /// Reserves the next free address of a pool, beginning after the one that was handed out last.
  ///
  /// - Returns: Nil when every address is taken.
  package mutating func reserveNext(in pool: AddressPool, for owner: LeaseOwner) throws(SystemError) -> IPAddress? {
    let lease = try PreparedLease(in: directory, content: owner.fileContent)
    var candidates = pool.candidates(after: lastReserved(in: pool))
    // The next address is free, unless the pool has been gone through once. Only then is it worth a look at all of them.
    for _ in 0..<Self.attemptsWithoutScan {
      guard let candidate = candidates.next() else { return nil }
      if try reserve(candidate, in: pool, with: lease) { return candidate }
    }
    let taken = try index.takenAddresses()
    while let candidate = candidates.next() {
      if !taken.contains(candidate), try reserve(candidate, in: pool, with: lease) { return candidate }
    }
    return nil
  }

  private static let attemptsWithoutScan = 8

  private mutating func reserve(_ address: IPAddress, in pool: AddressPool, with lease: borrowing PreparedLease)
    throws(SystemError) -> Bool
  {
    guard try lease.take(address) else { return false }
    uncommitted.append(Reservation(address: address, pool: pool))
    return true
  }

  /// Keeps what was reserved, and remembers it as handed out last.
  package mutating func commit() throws(SystemError) {
    for reservation in uncommitted { try setLastReserved(reservation.address, in: reservation.pool) }
    uncommitted = []
  }

  // MARK: Looking

  /// Who holds an address; nil when nobody does, or when the machine has run too short to look.
  package func holder(of address: IPAddress) -> LeaseHolder? { (try? directory.holder(of: address)) ?? nil }

  /// The leases that an owner holds, in its name or in that of its whole container.
  package func leases(of owner: LeaseOwner) throws(SystemError) -> [Lease] { try index.leases(of: owner) }

  /// How many of the addresses that a pool can hand out are taken.
  package func takenCount(in pool: AddressPool) throws(SystemError) -> Int {
    try index.takenAddresses().count(where: pool.offers)
  }

  /// Fails if a lease could not be written: by writing one without giving it a name.
  package func checkWritable() throws(SystemError) { _ = try PreparedLease(in: directory, content: [0]) }

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
    return try release(inItsName.isEmpty ? leases : inItsName)
  }

  /// Releases every lease whose holder is known, and is not among those given.
  ///
  /// A lease of a whole container stays while any interface of the container is given. A file of which nobody knows
  /// whose it is stays.
  ///
  /// - Returns: The addresses that are free now.
  /// - Throws: The first failure, after every lease was tried.
  @discardableResult
  package func releaseAll(except owners: Set<LeaseOwner>) throws(SystemError) -> [IPAddress] {
    let containers = Set(owners.map(\.containerID))
    // Whoever was killed while he reserved has left it, and it may be the second name of a lease.
    try removeFile(directory.preparedLease)
    return try release(
      try index.leases().filter { lease in
        switch lease.holder {
        case .owner(let owner): !owners.contains(owner)
        case .container(let id): !containers.contains(id)
        case .unknown: false
        }
      })
  }

  private func release(_ leases: [Lease]) throws(SystemError) -> [IPAddress] {
    var released: [IPAddress] = []
    var firstFailure: SystemError?
    for lease in leases {
      do throws(SystemError) {
        try removeFile(directory.lease(of: lease.address))
        released.append(lease.address)
      } catch {
        firstFailure = firstFailure ?? error
      }
    }
    if let firstFailure { throw firstFailure }
    return released
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
    let file = try OwnedDescriptor(opening: path, O_CREAT | O_WRONLY, mode: 0o600)
    let text = Array(address.description.utf8)
    try writeAll(file.rawValue, text, subject: path)
    _ = try systemCall("ftruncate", on: path) { ftruncate(file.rawValue, text.count) }
  }
}

/// Opens and locks a store's lock file.
private func lockedFile(_ path: String, patience seconds: Int) throws(SystemError) -> OwnedDescriptor {
  while true {
    let file = try OwnedDescriptor(opening: path, O_CREAT | O_RDONLY, mode: 0o750)
    try lock(file.rawValue, .exclusive, seconds: seconds, subject: path)
    // People remove the whole directory to free its addresses. A lock on a file without a name excludes nobody.
    if try FileIdentity.ifPresent(atPath: path) == FileIdentity(of: file.rawValue) { return file }
  }
}

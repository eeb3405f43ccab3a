internal import CLinux
internal import LinuxSystem
internal import NetworkAddresses
internal import SystemPackage

/// What the names of single files do not answer about a network's leases: whose they are, and what is free next, at the
/// same cost for any number of them.
///
/// The index is a file beside the lease directory: a memory of what is in there, of who asked for it, and of which
/// addresses rest. It proves that nobody else has changed the directory since (``IndexHeader``), or is made anew by reading
/// the directory once (``IndexBuilder``). No lease depends on it: where it cannot be read or written, one is made in memory
/// for the call; and a lease file has the last word about its address.
///
/// It belongs to whoever holds the store's lock.
final class LeaseIndex {
  private let directory: LeaseDirectory
  private let boot: Boot?
  private let policy: LeasePolicy
  private let openDirectory: OwnedDescriptor
  /// See ``IndexBuilder/mayReclaim``.
  private let mayReclaim: Bool
  private var stored: StoredIndex
  /// Whether the index could not be read or written, and may say something else than the directory.
  private var isLost = false
  /// Whether this call changed the directory or the index, which then needs a new proof.
  private var needsProof: Bool

  /// Opens the index of a directory whose lock the caller holds; makes it where it is missing or out of date.
  init(of directory: LeaseDirectory, boot: Boot?, policy: LeasePolicy) throws(SystemError) {
    self.directory = directory
    self.boot = boot
    self.policy = policy
    openDirectory = try OwnedDescriptor(opening: directory.path, O_RDONLY | O_DIRECTORY)
    let isLocal = isLocalFileSystem(openDirectory.rawValue)
    mayReclaim = isLocal ?? false
    let status = try fileStatus(of: openDirectory.rawValue, subject: directory.path)
    let previous = StoredIndex(of: directory)
    if let previous, let boot, previous.header.boot == boot.identifier,
      previous.header.directory == UInt64(status.st_ino), previous.header.proof != 0,
      previous.header.proof == nanoseconds(status.st_mtim), previous.header.proven == nanoseconds(status.st_ctim)
    {
      stored = previous
      needsProof = false
    } else {
      stored = try IndexBuilder(
        directory: directory, boot: boot, policy: policy, previous: previous, mayReclaim: mayReclaim
      ).build()
      stored.header.directory = UInt64(status.st_ino)
      // What could not be asked this time may be reclaimed the next time.
      if isLocal == nil { stored.isComplete = false }
      needsProof = true
      // Whoever was killed while he reserved has left it, and it may be the second name of a lease. Not before the lease
      // was looked at: it changes its time, as if the lease were of this boot.
      _ = try? removeFile(directory.preparedLease)
    }
  }

  // MARK: Looking

  /// The first address of a range that is neither taken nor at rest.
  ///
  /// - Parameter owner: Who asks; nil for anybody. The address that he gave back himself does not rest for him.
  func firstFree(in range: ClosedRange<IPAddress>, for owner: LeaseOwner?) throws(SystemError) -> IPAddress? {
    try onTable { table throws(SystemError) in
      var start: IPAddress? = range.lowerBound
      while let lowest = start, lowest <= range.upperBound {
        guard let address = try TakenAddresses.firstFree(in: lowest...range.upperBound, of: table) else { return nil }
        if policy.cooldown == 0 { return address }
        if try rest(of: address, for: owner, in: table) == nil { return address }
        start = address.next
      }
      return nil
    }
  }

  /// For how many nanoseconds an address still rests; nil where it does not, or where the owner gave it back himself.
  func rest(of address: IPAddress, for owner: LeaseOwner) throws(SystemError) -> Int64? {
    try onTable { table throws(SystemError) in try rest(of: address, for: owner, in: table) }
  }

  private func rest(of address: IPAddress, for owner: LeaseOwner?, in table: RecordTable) throws(SystemError) -> Int64?
  {
    guard let record = try restRecord(of: address, in: table)?.record, record.lastHolder != owner?.hash else {
      return nil
    }
    return record.rest(under: policy, at: nanosecondsSinceBoot())
  }

  private func restRecord(of address: IPAddress, in table: RecordTable) throws(SystemError)
    -> (position: RecordTable.Position, record: IndexRecord)?
  {
    try table.first(IndexRecord.key(of: address)) { $0.kind == .resting && $0.address == address }
  }

  /// The leases that an owner holds, in its name or in that of its whole container, as the files say.
  func leases(of owner: LeaseOwner) throws(SystemError) -> [Lease] {
    let holders: [LeaseHolder] = [.owner(owner), .container(owner.containerID)]
    var leases: [Lease] = []
    for case let key? in holders.map(\.hash) {
      let addresses = try onTable { table throws(SystemError) in
        var addresses: [IPAddress] = []
        var found = try table.first(key) { $0.kind == .lease }
        while let lease = found {
          addresses.append(lease.record.address)
          found = try table.first(key, after: lease.position) { $0.kind == .lease }
        }
        return addresses
      }
      for address in addresses {
        guard let file = try directory.leaseFile(of: address), file.holder.includes(owner) else { continue }
        leases.append(Lease(address: address, file))
      }
    }
    return leases
  }

  /// Goes through all leases, in no order. The cost grows with their number.
  func forEachLease(_ body: (IndexRecord) throws(SystemError) -> Void) throws(SystemError) {
    try forEachRecord { record throws(SystemError) in if record.isLease { try body(record) } }
  }

  /// Goes through all entries, in no order. The cost grows with their number.
  func forEachRecord(_ body: (IndexRecord) throws(SystemError) -> Void) throws(SystemError) {
    let pageCount = try onTable { table throws(SystemError) in
      // To find out now whether it can be read, and not half-way.
      for page in 0..<table.pageCount { _ = try table.records(ofPage: page) }
      return table.pageCount
    }
    for page in 0..<pageCount {
      for record in try stored.table.records(ofPage: page) { try body(record) }
    }
  }

  /// Whether there are leases that name nobody, or cannot be read.
  var hasHolderlessLeases: Bool { stored.header.holderlessCount > 0 }

  /// Whether the directory is read in some milliseconds.
  var isSmall: Bool { stored.table.usedCount < 4096 }

  /// When the directory was read last, in nanoseconds since the machine was started.
  var built: Int64 { stored.header.built }

  /// Makes the index anew from the directory.
  func rebuild() throws(SystemError) {
    let inode = stored.header.directory
    stored = try IndexBuilder(
      directory: directory, boot: boot, policy: policy, previous: stored, mayReclaim: mayReclaim
    ).build()
    stored.header.directory = inode
    isLost = false
    needsProof = true
  }

  // MARK: Changing

  /// To be called before the directory is changed in any way.
  func directoryWillChange() { needsProof = true }

  /// Takes down a lease that was made.
  ///
  /// - Parameter process: The process that asked for it.
  /// - Returns: The rest that the address was at, and that is over now.
  func insert(_ address: IPAddress, _ file: LeaseFile, askedForBy process: CInt) -> IndexRecord? {
    var ended: IndexRecord?
    change { () throws(SystemError) in
      var record = IndexRecord(leaseOf: address, file: file, boot: boot?.identifier ?? 0)
      record.process = process
      record.made = nanosecondsSinceBoot()
      if let rest = try restRecord(of: address, in: stored.table) {
        try stored.table.remove(rest.position)
        ended = rest.record
      }
      try stored.insert(record, for: directory)
      try stored.markTaken(address, for: directory)
    }
    return ended
  }

  /// Strikes out a lease that was removed.
  ///
  /// - Parameter rest: The rest that the address is at now; nil for none.
  func remove(_ address: IPAddress, of holder: LeaseHolder, thenAtRest rest: IndexRecord?) {
    change { () throws(SystemError) in
      let key = holder.hash ?? IndexRecord.key(of: address)
      guard let found = try stored.table.first(key, where: { $0.isLease && $0.address == address }) else {
        throw SystemError("look up", .noSuchFileOrDirectory, on: address.description)
      }
      if found.record.kind == .holderless, hasHolderlessLeases { stored.header.holderlessCount -= 1 }
      try stored.table.remove(found.position)
      try TakenAddresses.remove(address, from: stored.table)
      if let rest, policy.cooldown > 0 { try stored.insert(rest, for: directory) }
    }
  }

  /// Gives the directory a new modification time and remembers it, if this call has changed anything. To be called last.
  ///
  /// Where that fails, the next call makes the index anew.
  func prove() {
    guard needsProof, !isLost, stored.isOnDisk, stored.isComplete else { return }
    needsProof = false
    let now = nanosecondsSince1970()
    let second = now / 1_000_000_000
    // A whole second is what a file system without nanoseconds would make of it.
    let fraction = Int64(randomNumber() % 999_999_999) + 1
    let times = [
      timespec(tv_sec: 0, tv_nsec: Int(swiftcni_utime_omit)), timespec(tv_sec: Int(second), tv_nsec: Int(fraction)),
    ]
    guard futimens(openDirectory.rawValue, times) == 0, let status = try? fileStatus(of: openDirectory.rawValue) else {
      return
    }
    stored.header.proof = second * 1_000_000_000 + fraction
    stored.header.proven = nanoseconds(status.st_ctim)
    stored.header.startByClock = boot?.startByClock ?? 0
    stored.header.uptime = boot?.uptime ?? 0
    try? stored.writeHeader()
  }

  // MARK: Failures of the index itself

  private func change(_ body: () throws(SystemError) -> Void) {
    needsProof = true
    if isLost { return }
    do throws(SystemError) { try body() } catch { isLost = true }
  }

  /// Asks the index; once more after making it anew where it cannot be read.
  private func onTable<Answer>(_ body: (RecordTable) throws(SystemError) -> Answer) throws(SystemError) -> Answer {
    if isLost { try rebuild() }
    do throws(SystemError) {
      return try body(stored.table)
    } catch {
      isLost = true
      try rebuild()
      return try body(stored.table)
    }
  }
}

/// Whether a file is on a file system that belongs to this machine alone. One that is not known counts as shared;
/// nil where it cannot be asked.
private func isLocalFileSystem(_ descriptor: CInt) -> Bool? {
  var status = statfs()
  guard fstatfs(descriptor, &status) == 0 else { return nil }
  // ext2 to ext4, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs, ramfs, overlayfs. See statfs(2).
  let local: [UInt32] = [
    0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0xca45_1a4e, 0x0102_1994, 0x8584_58f6, 0x794c_7630,
  ]
  return local.contains(UInt32(truncatingIfNeeded: status.f_type))
}

internal import CLinux
internal import LinuxSystem
internal import NetworkAddresses
internal import SystemPackage

/// Reads a lease directory once and makes the index of what is in there.
///
/// What the index before knew is carried over for the leases that are still the same: in which boot they were seen first,
/// and who asked for them. Leases of an earlier boot are removed on the way, for their containers cannot exist any more.
struct IndexBuilder {
  let directory: LeaseDirectory
  let boot: Boot?
  let policy: LeasePolicy
  /// The index before; nil where there is none.
  let previous: StoredIndex?

  /// Whether what is left of an earlier boot may be removed. Not on a file system that several machines may share: it could
  /// be of a container that runs on another one.
  let mayReclaim: Bool

  /// Builds the index: in a file, and where that cannot be written, in memory.
  func build() throws(SystemError) -> StoredIndex {
    if boot != nil, let index = try? build(onDisk: true) { return index }
    return try build(onDisk: false)
  }

  private func build(onDisk: Bool) throws(SystemError) -> StoredIndex {
    let pageCount = RecordTable.pageCount(forRecords: previous?.table.usedCount ?? 0)
    var index = try StoredIndex(emptyFor: directory, pageCount: pageCount, onDisk: onDisk)
    let now = nanosecondsSinceBoot()
    index.header.boot = boot?.identifier ?? 0
    index.header.built = now
    try forEachName(in: directory.path) { name throws(SystemError) in
      guard let address = directory.address(ofFile: name), let file = try directory.leaseFile(of: address) else {
        return
      }
      let record = record(of: address, file)
      if mayReclaim, let boot, record.boot != boot.identifier {
        // One that cannot be removed keeps its address, until a later call can.
        if (try? removeFile(directory.lease(of: address))) != nil { return }
        index.isComplete = false
      }
      if file.isDoubtful { index.isComplete = false }
      if record.kind == .holderless { index.header.holderlessCount += 1 }
      try index.insert(record, for: directory)
      try index.markTaken(address, for: directory)
    }
    try carryRestsOver(to: &index, at: now)
    try index.publish(for: directory)
    return index
  }

  /// The entry of a lease, with the boot in which it was seen first.
  private func record(of address: IPAddress, _ file: LeaseFile) -> IndexRecord {
    let record = IndexRecord(leaseOf: address, file: file, boot: boot?.identifier ?? 0)
    if var known = knownRecord(like: record) {
      if let boot, let previous, known.boot == previous.header.boot, boot.isSameRun(as: previous.header) {
        known.boot = boot.identifier
      }
      return known
    }
    guard let boot, file.changed < boot.start else { return record }
    return IndexRecord(leaseOf: address, file: file, boot: Boot.earlier)
  }

  /// What the index before knew about the very same file. An index that cannot be read knew nothing.
  private func knownRecord(like record: IndexRecord) -> IndexRecord? {
    guard let previous, record.inode != 0 else { return nil }
    let found = try? previous.table.first(record.key) {
      $0.isLease && $0.address == record.address && $0.inode == record.inode && $0.modified == record.modified
    }
    return found?.record
  }

  /// Addresses go on resting, and those whose lease vanished behind our back, by the reference's DEL or by hand, begin to.
  private func carryRestsOver(to index: inout StoredIndex, at now: Int64) throws(SystemError) {
    guard let previous, let boot, previous.header.boot == boot.identifier else { return }
    for page in 0..<previous.table.pageCount {
      guard let records = try? previous.table.records(ofPage: page) else { return }
      for record in records {
        switch record.kind {
        case .resting where record.isOfUse(at: now):
          // Whoever has the address in the meantime makes it rest anew.
          guard try !TakenAddresses.contains(record.address, in: index.table) else { continue }
          try index.insert(record, for: directory)
        case .lease where policy.cooldown > 0:
          guard try !TakenAddresses.contains(record.address, in: index.table) else { continue }
          let rest = IndexRecord(resting: record.address, since: now, holder: record.key)
          try index.insert(rest, for: directory)
        default: break
        }
      }
    }
  }
}

internal import CLinux
internal import LinuxSystem
internal import NetworkAddresses
internal import SystemPackage

/// An index: its header and its entries.
struct StoredIndex {
  var header: IndexHeader
  let table: RecordTable
  /// Whether it is in a file, not in memory for one call.
  let isOnDisk: Bool
  /// Whether it says all that there is to know. Otherwise it serves this call, and the next one makes it anew.
  var isComplete = true
  /// Whether it has the name by which the next call finds it.
  private var isPublished: Bool

  private init(header: IndexHeader, table: RecordTable, isOnDisk: Bool, isPublished: Bool) {
    self.header = header
    self.table = table
    self.isOnDisk = isOnDisk
    self.isPublished = isPublished
  }

  /// Opens the index that the last call left; nil where there is none that can be read.
  init?(of directory: LeaseDirectory) {
    let path = directory.index
    guard let file = try? OwnedDescriptor(opening: path, O_RDWR | O_NOFOLLOW | O_NONBLOCK),
      let header = IndexHeader(of: file.rawValue)
    else {
      return nil
    }
    self.init(
      header: header,
      table: RecordTable(
        file, path: path, pageCount: Int(header.pageCount), usedCount: Int(clamping: header.usedCount)),
      isOnDisk: true, isPublished: true)
  }

  /// Makes an empty index, beside the one that is there.
  ///
  /// - Throws: Only where not even memory can be had, if it is not to be on disk.
  init(emptyFor directory: LeaseDirectory, pageCount: Int, onDisk: Bool) throws(SystemError) {
    let path = onDisk ? directory.newIndex : "memory"
    let file: OwnedDescriptor
    if onDisk {
      try makeDirectories(directory.indexDirectory, mode: 0o700)
      try removeFile(path)
      file = try OwnedDescriptor(opening: path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    } else {
      file = OwnedDescriptor(
        owning: try systemCall("memfd_create") { memfd_create("lease-index", UInt32(MFD_CLOEXEC)) })
    }
    let table = try RecordTable.empty(file, path: path, pageCount: pageCount)
    self.init(header: IndexHeader(), table: table, isOnDisk: onDisk, isPublished: false)
  }

  /// Gives a new index the name by which the next call finds it. It proves nothing yet, but it remembers what was seen
  /// in which boot.
  mutating func publish(for directory: LeaseDirectory) throws(SystemError) {
    guard isOnDisk else { return }
    try writeHeader()
    _ = try systemCall("rename", on: directory.index) { rename(directory.newIndex, directory.index) }
    isPublished = true
  }

  mutating func writeHeader() throws(SystemError) {
    header.pageCount = UInt64(table.pageCount)
    header.usedCount = UInt64(table.usedCount)
    try header.write(to: table.descriptor, path: table.path)
  }

  /// Adds an entry; moves to a larger file where this one is full.
  mutating func insert(_ record: IndexRecord, for directory: LeaseDirectory) throws(SystemError) {
    if table.isFull { self = try grown(for: directory) }
    try table.insert(record)
  }

  /// Marks an address as taken.
  mutating func markTaken(_ address: IPAddress, for directory: LeaseDirectory) throws(SystemError) {
    if table.isFull { self = try grown(for: directory) }
    try TakenAddresses.insert(address, in: table)
  }

  /// The same entries in a file with more room, without those that mean nothing any more.
  private func grown(for directory: LeaseDirectory) throws(SystemError) -> StoredIndex {
    let now = nanosecondsSinceBoot()
    var usefulCount = 0
    for page in 0..<table.pageCount { usefulCount += try table.records(ofPage: page).count { $0.isOfUse(at: now) } }
    let pageCount = RecordTable.pageCount(forRecords: 2 * usefulCount)
    var larger = try StoredIndex(emptyFor: directory, pageCount: pageCount, onDisk: isOnDisk)
    larger.header = header
    larger.isComplete = isComplete
    for page in 0..<table.pageCount {
      for record in try table.records(ofPage: page) where record.isOfUse(at: now) { try larger.table.insert(record) }
    }
    if isPublished { try larger.publish(for: directory) }
    return larger
  }
}

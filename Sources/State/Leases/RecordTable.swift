internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A hash table in a file: pages of 64 entries, of which an entry's key says the first that it may be in.
///
/// Whatever is asked reads one page as a rule, and whatever is changed writes one entry, however many there are. A few
/// pages are in memory at a time. Nothing here survives a torn write: the index that stands on it knows when to trust the file.
final class RecordTable {
  static let recordsPerPage = 64
  private static let pageSize = recordsPerPage * MemoryLayout<IndexRecord>.stride
  /// Pages that are fuller than this on average spill into their neighbours often.
  private static let recordsPerPageAtMost = 40

  private let file: OwnedDescriptor
  let path: String
  /// A power of two. Page 0 of the file is not among them: it is the owner's header.
  let pageCount: Int
  /// How many entries are not empty, those that were removed included.
  private(set) var usedCount: Int

  /// The pages read last.
  private var pages: [Page]
  /// Which of them makes room for the next.
  private var oldest = 0

  private struct Page {
    /// Which page of the file that is; -1 for none.
    var number = -1
    var records = Array(repeating: IndexRecord(), count: recordsPerPage)
  }

  /// As many as one call asks for more than once: those of an owner, and of the blocks that an address is in.
  private static let pagesInMemory = 8

  /// Where an entry is.
  struct Position: Equatable {
    fileprivate let page: Int
    fileprivate let slot: Int
  }

  /// Takes over a file whose entries are as the two numbers say.
  init(_ file: consuming OwnedDescriptor, path: String, pageCount: Int, usedCount: Int) {
    self.file = file
    self.path = path
    self.pageCount = pageCount
    self.usedCount = usedCount
    pages = []
  }

  /// Makes an empty table in an empty file.
  static func empty(_ file: consuming OwnedDescriptor, path: String, pageCount: Int) throws(SystemError) -> RecordTable
  {
    let size = off_t(fileSize(pageCount: pageCount))
    let descriptor = file.rawValue
    _ = try systemCall("ftruncate", on: path) { ftruncate(descriptor, size) }
    return RecordTable(file, path: path, pageCount: pageCount, usedCount: 0)
  }

  /// How many pages a number of entries fills to about a half. No trust in the number: it may be read from any file.
  static func pageCount(forRecords count: Int) -> Int {
    var pageCount = 1
    while pageCount < 1 << 16, pageCount * recordsPerPageAtMost < count { pageCount *= 2 }
    return pageCount
  }

  /// How long the file is, in bytes.
  static func fileSize(pageCount: Int) -> Int { (pageCount + 1) * pageSize }

  /// Whether another entry would make the table too full.
  var isFull: Bool { usedCount >= pageCount * Self.recordsPerPageAtMost }

  var descriptor: CInt { file.rawValue }

  // MARK: Looking

  /// The first entry with a key that is the one looked for, from a position on.
  func first(
    _ key: UInt64, after previous: Position? = nil, where isWanted: (IndexRecord) -> Bool
  ) throws(SystemError) -> (position: Position, record: IndexRecord)? {
    var number = home(of: key)
    var slot = 0
    if let previous { (number, slot) = (previous.page, previous.slot + 1) }
    for _ in 0..<pageCount {
      let index = try load(number)
      while slot < Self.recordsPerPage {
        let record = pages[index].records[slot]
        if record.kind == .empty { return nil }
        if record.key == key && record.kind != .removed && isWanted(record) {
          return (Position(page: number, slot: slot), record)
        }
        slot += 1
      }
      (number, slot) = (next(number), 0)
    }
    return nil
  }

  /// Every entry of a page, be it empty.
  func records(ofPage number: Int) throws(SystemError) -> [IndexRecord] {
    let index = try load(number)
    return pages[index].records
  }

  // MARK: Changing

  /// Adds an entry. See ``isFull``.
  func insert(_ record: IndexRecord) throws(SystemError) {
    var number = home(of: record.key)
    for _ in 0..<pageCount {
      let index = try load(number)
      if let slot = pages[index].records.firstIndex(where: { $0.kind == .empty || $0.kind == .removed }) {
        if pages[index].records[slot].kind == .empty { usedCount += 1 }
        try replace(Position(page: number, slot: slot), with: record)
        return
      }
      number = next(number)
    }
    throw SystemError("insert", .noSpace, on: path)
  }

  /// Writes an entry with the same key over one.
  func replace(_ position: Position, with record: IndexRecord) throws(SystemError) {
    let index = try load(position.page)
    pages[index].records[position.slot] = record
    let offset = off_t((position.page + 1) * Self.pageSize + position.slot * MemoryLayout<IndexRecord>.stride)
    let descriptor = file.rawValue
    let written = try withUnsafeBytes(of: record) { bytes -> Result<Int, SystemError> in
      Result { () throws(SystemError) in
        try systemCall("pwrite") { pwrite(descriptor, bytes.baseAddress, bytes.count, offset) }
      }
    }.get()
    if written != MemoryLayout<IndexRecord>.stride {
      throw SystemError("pwrite", .noSpace, on: path)
    }
  }

  func remove(_ position: Position) throws(SystemError) {
    var record = IndexRecord()
    // A page that was never full has nothing behind it in the next one, and entries in it are looked for up to its
    // first empty one: so the last one before that can become empty again.
    let index = try load(position.page)
    let isLast =
      position.slot + 1 < Self.recordsPerPage && pages[index].records[position.slot + 1].kind == .empty
    record.kind = isLast ? .empty : .removed
    if isLast { usedCount = max(usedCount - 1, 0) }
    try replace(position, with: record)
  }

  // MARK: Pages

  private func home(of key: UInt64) -> Int { Int(truncatingIfNeeded: key & UInt64(pageCount - 1)) }

  private func next(_ number: Int) -> Int { (number + 1) & (pageCount - 1) }

  /// Brings a page into memory.
  ///
  /// - Returns: Its place there.
  private func load(_ number: Int) throws(SystemError) -> Int {
    if let index = pages.firstIndex(where: { $0.number == number }) { return index }
    var index = pages.count
    if index < Self.pagesInMemory {
      pages.append(Page())
    } else {
      index = oldest
      oldest = (oldest + 1) % Self.pagesInMemory
    }
    pages[index].number = -1
    let offset = off_t((number + 1) * Self.pageSize)
    let descriptor = file.rawValue
    let count = try pages[index].records.withUnsafeMutableBytes { bytes -> Result<Int, SystemError> in
      Result { () throws(SystemError) in
        try systemCall("pread") { pread(descriptor, bytes.baseAddress, bytes.count, offset) }
      }
    }.get()
    guard count == Self.pageSize else { throw SystemError("pread", .ioError, on: path) }
    pages[index].number = number
    return index
  }
}

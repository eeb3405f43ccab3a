internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A hash table in a file: pages of 64 entries, of which an entry's key says the first that it may be in.
///
/// Whatever is asked reads one page as a rule, and whatever is changed writes one entry, however many there are. One page
/// is in memory at a time. Nothing here survives a torn write: the index that stands on it knows when to trust the file.
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

  private var page: [IndexRecord]
  /// Which page that is; -1 for none.
  private var pageNumber = -1

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
    page = Array(repeating: IndexRecord(), count: Self.recordsPerPage)
  }

  /// Makes an empty table in an empty file.
  static func empty(_ file: consuming OwnedDescriptor, path: String, pageCount: Int) throws(SystemError) -> RecordTable {
    let size = off_t((pageCount + 1) * pageSize)
    let descriptor = file.rawValue
    _ = try systemCall("ftruncate", on: path) { ftruncate(descriptor, size) }
    return RecordTable(file, path: path, pageCount: pageCount, usedCount: 0)
  }

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
      try load(number)
      while slot < Self.recordsPerPage {
        if page[slot].kind == .empty { return nil }
        if page[slot].key == key && page[slot].kind != .removed && isWanted(page[slot]) {
          return (Position(page: number, slot: slot), page[slot])
        }
        slot += 1
      }
      (number, slot) = (next(number), 0)
    }
    return nil
  }

  /// Every entry of a page, be it empty.
  func records(ofPage number: Int) throws(SystemError) -> [IndexRecord] {
    try load(number)
    return page
  }

  // MARK: Changing

  /// Adds an entry. See ``isFull``.
  func insert(_ record: IndexRecord) throws(SystemError) {
    var number = home(of: record.key)
    for _ in 0..<pageCount {
      try load(number)
      if let slot = page.firstIndex(where: { $0.kind == .empty || $0.kind == .removed }) {
        if page[slot].kind == .empty { usedCount += 1 }
        try replace(Position(page: number, slot: slot), with: record)
        return
      }
      number = next(number)
    }
    throw SystemError("insert", .noSpace, on: path)
  }

  /// Writes an entry with the same key over one.
  func replace(_ position: Position, with record: IndexRecord) throws(SystemError) {
    try load(position.page)
    page[position.slot] = record
    let offset = off_t((position.page + 1) * Self.pageSize + position.slot * MemoryLayout<IndexRecord>.stride)
    let descriptor = file.rawValue
    let written = try withUnsafeBytes(of: record) { bytes -> Result<Int, SystemError> in
      Result { () throws(SystemError) in
        try systemCall("pwrite") { pwrite(descriptor, bytes.baseAddress, bytes.count, offset) }
      }
    }.get()
    if written != MemoryLayout<IndexRecord>.stride {
      pageNumber = -1
      throw SystemError("pwrite", .noSpace, on: path)
    }
  }

  func remove(_ position: Position) throws(SystemError) {
    var record = IndexRecord()
    // A page that was never full has nothing behind it in the next one, and entries in it are looked for up to its
    // first empty one: so the last one before that can become empty again.
    try load(position.page)
    let isLast = position.slot + 1 < Self.recordsPerPage && page[position.slot + 1].kind == .empty
    record.kind = isLast ? .empty : .removed
    if isLast { usedCount -= 1 }
    try replace(position, with: record)
  }

  // MARK: Pages

  private func home(of key: UInt64) -> Int { Int(truncatingIfNeeded: key & UInt64(pageCount - 1)) }

  private func next(_ number: Int) -> Int { (number + 1) & (pageCount - 1) }

  private func load(_ number: Int) throws(SystemError) {
    if number == pageNumber { return }
    pageNumber = -1
    let offset = off_t((number + 1) * Self.pageSize)
    let descriptor = file.rawValue
    let count = try page.withUnsafeMutableBytes { bytes -> Result<Int, SystemError> in
      Result { () throws(SystemError) in
        try systemCall("pread") { pread(descriptor, bytes.baseAddress, bytes.count, offset) }
      }
    }.get()
    guard count == Self.pageSize else { throw SystemError("pread", .ioError, on: path) }
    pageNumber = number
  }
}

internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The start of an index file: what the index stands on, and the proof that it still does.
///
/// The proof is the lease directory's modification time. Whoever adds or removes a file in there, the reference or a
/// person, sets it to the current time. So at the end of each call of ours, still under the lock, the directory gets a time
/// whose nanoseconds are drawn at random, and the index remembers it: while the directory has that very time, nobody but
/// us has changed it. A copy that restores the time is told by when it did. (The time that the kernel would have left
/// proves nothing: it has the grain of a clock tick, and somebody else may change the directory in the same tick.)
struct IndexHeader {
  /// The format. Another one is no index of ours.
  private var format = IndexHeader.currentFormat
  /// The boot in which the index was written. See ``Boot/identifier``.
  var boot: UInt64 = 0
  /// The lease directory's number in its file system.
  var directory: UInt64 = 0
  /// The lease directory's modification time, in nanoseconds since 1970; 0 for none.
  var proof: Int64 = 0
  /// When the lease directory got that time, which nobody can set: in nanoseconds since 1970.
  var proven: Int64 = 0
  /// See ``Boot/startByClock``, at the time of writing.
  var startByClock: Int64 = 0
  /// See ``Boot/uptime``, at the time of writing.
  var uptime: Int64 = 0
  /// When the lease directory was read, in nanoseconds since the machine was started.
  var built: Int64 = 0
  /// See ``RecordTable/pageCount``.
  var pageCount: UInt64 = 0
  /// See ``RecordTable/usedCount``.
  var usedCount: UInt64 = 0
  /// How many leases name nobody, or cannot be read.
  var holderlessCount: UInt64 = 0
  private var checksum: UInt64 = 0

  private static let currentFormat: UInt64 = 0x5377_434e_4931_0002

  init() {}

  /// Reads the header of a file; nil where it is none.
  init?(of descriptor: CInt) {
    var header = IndexHeader()
    let count = withUnsafeMutableBytes(of: &header) { pread(descriptor, $0.baseAddress, $0.count, 0) }
    guard count == MemoryLayout<IndexHeader>.size, header.format == Self.currentFormat,
      header.checksum == header.expectedChecksum, header.pageCount.nonzeroBitCount == 1, header.pageCount < 1 << 32,
      let size = try? fileStatus(of: descriptor).st_size, size == RecordTable.fileSize(pageCount: Int(header.pageCount))
    else {
      return nil
    }
    self = header
  }

  /// Writes the header to a file.
  mutating func write(to descriptor: CInt, path: String) throws(SystemError) {
    checksum = expectedChecksum
    let written = try withUnsafeBytes(of: self) { bytes -> Result<Int, SystemError> in
      Result { () throws(SystemError) in
        try systemCall("pwrite", on: path) { pwrite(descriptor, bytes.baseAddress, bytes.count, 0) }
      }
    }.get()
    if written != MemoryLayout<IndexHeader>.size { throw SystemError("pwrite", .noSpace, on: path) }
  }

  private var expectedChecksum: UInt64 {
    let facts = [format, boot, directory, UInt64(bitPattern: proof), UInt64(bitPattern: built)]
    let times = [UInt64(bitPattern: proven), UInt64(bitPattern: startByClock), UInt64(bitPattern: uptime)]
    return (facts + times + [pageCount, usedCount, holderlessCount]).reduce(0) { StableHash.of($0, $1, 0) }
  }
}

internal import CLinux

/// A request of the kernel to a file system in user space that is one file, and what is replied. See `linux/fuse.h`.
struct DiskRequest {
  /// What is asked. The C constants are named beside.
  enum Operation: UInt32 {
    case forget = 2  // FUSE_FORGET
    case getAttributes = 3  // FUSE_GETATTR
    case setAttributes = 4  // FUSE_SETATTR
    case open = 14  // FUSE_OPEN
    case read = 15  // FUSE_READ
    case write = 16  // FUSE_WRITE
    case statistics = 17  // FUSE_STATFS
    case release = 18  // FUSE_RELEASE
    case synchronize = 20  // FUSE_FSYNC
    case closeOne = 25  // FUSE_FLUSH: a descriptor was closed. Nothing is written to a disk by that
    case initialize = 26  // FUSE_INIT
    case access = 34  // FUSE_ACCESS
    case interrupt = 36  // FUSE_INTERRUPT
    case destroy = 38  // FUSE_DESTROY
    case forgetMany = 42  // FUSE_BATCH_FORGET
  }

  /// `struct fuse_in_header`: length, operation, number of the request, and what does not matter here.
  private static let headerSize = 40

  private let message: ArraySlice<UInt8>

  init(_ message: ArraySlice<UInt8>) { self.message = message }

  /// What is asked; nil where this file system does not know it.
  var operation: Operation? { Operation(rawValue: number(at: 4)) }

  /// Where a read or a write is. `struct fuse_read_in` and `struct fuse_write_in` begin alike: handle, offset, size.
  var range: Range<Int> {
    let offset = Int(number(at: Self.headerSize + 8) as UInt64)
    return offset..<(offset + Int(number(at: Self.headerSize + 16) as UInt32))
  }

  /// What is written: the bytes after `struct fuse_write_in`.
  var written: [UInt8] { Array(message.dropFirst(Self.headerSize + 40)) }

  private func number<Number: FixedWidthInteger>(at offset: Int) -> Number {
    message.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
  }

  // MARK: Replies

  /// A reply: `struct fuse_out_header`, and what was asked for.
  func reply(_ body: [UInt8], error: CInt = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number: UInt32(16 + body.count))
    bytes.append(number: -error)
    bytes.append(number: number(at: 8) as UInt64)
    return bytes + body
  }

  /// The reply that something cannot be done.
  func reply(error: CInt) -> [UInt8] { reply([], error: error) }

  /// `struct fuse_init_out`: version 7.31, and no write of more than 4096 bytes, the least that the kernel allows. A disk
  /// may lose power between any two of its sectors.
  static let agreement: [UInt8] = {
    var bytes: [UInt8] = []
    for number: UInt32 in [7, 31, 65536, 0] { bytes.append(number: number) }
    bytes.append(number: UInt32(0))  // background requests: the kernel's own limits
    bytes.append(number: UInt32(4096))
    bytes.append(number: UInt32(1))  // times in nanoseconds
    return bytes + [UInt8](repeating: 0, count: 36)
  }()

  /// `struct fuse_attr_out`: a regular file of a size, which the kernel may remember for an hour.
  static func attributes(size: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number: UInt64(3600))
    bytes.append(number: UInt64(0))
    // struct fuse_attr: inode, size, blocks, three times and their nanoseconds, mode, links, owner and so on.
    for number in [1, UInt64(size), UInt64(size / 512), 0, 0, 0] { bytes.append(number: number) }
    for number: UInt32 in [0, 0, 0, UInt32(S_IFREG) | 0o600, 1, 0, 0, 0, 4096, 0] { bytes.append(number: number) }
    return bytes
  }

  /// `struct fuse_open_out`, with FOPEN_KEEP_CACHE: nobody but the kernel changes the file.
  static let opened: [UInt8] = {
    var bytes: [UInt8] = []
    bytes.append(number: UInt64(1))
    bytes.append(number: UInt64(1 << 1))
    return bytes
  }()

  /// `struct fuse_write_out`.
  static func written(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number: UInt64(count))
    return bytes
  }

  /// The size of `struct fuse_statfs_out`.
  static let statisticsSize = 80
}

extension [UInt8] {
  /// Appends a number as the kernel on this machine reads it.
  fileprivate mutating func append(number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number) { append(contentsOf: $0) }
  }
}

internal import CLinux
package import LinuxSystem
internal import SystemPackage

/// A record of the journal that this process has locked. The lock is given back when the entry goes away.
package struct JournalEntry: ~Copyable {
  /// What the file says.
  package enum Content: Sendable {
    /// Nothing yet: this process made it.
    case new
    /// What an earlier call wrote.
    case record(AttachmentRecord)
    /// Bytes that are no record, or something that is no file. What the attachment owns must be found without it.
    case unreadable
  }

  /// What the file said when it was opened.
  package let content: Content

  /// The file of the record.
  package let path: String

  private let file: OwnedDescriptor
  private var length: Int

  /// Whether something stands in the record's place that is no file.
  private let isObstructed: Bool

  /// Stands for something that is in the place of a record and is no file. Nobody can lock it or write to it.
  init(obstructedAt path: String) {
    content = .unreadable
    length = 0
    self.path = path
    file = OwnedDescriptor(owning: -1)
    isObstructed = true
  }

  /// Waits for the lock of an opened record.
  ///
  /// - Returns: nil when the record was removed in the meantime: open it again.
  init?(locking file: consuming OwnedDescriptor, path: String, seconds: Int) throws(SystemError) {
    try lock(file.rawValue, .exclusive, seconds: seconds, subject: path)
    try self.init(locked: file, path: path)
  }

  /// Takes over an opened record that is locked.
  ///
  /// - Returns: nil when the record was removed before it was locked: open it again.
  package init?(locked file: consuming OwnedDescriptor, path: String) throws(SystemError) {
    guard try FileIdentity.ifPresent(atPath: path) == FileIdentity(of: file.rawValue) else { return nil }
    let (content, length) = try Self.read(file.rawValue, path: path)
    self.content = content
    self.length = length
    self.path = path
    self.file = file
    isObstructed = false
  }

  private static func read(_ descriptor: CInt, path: String) throws(SystemError) -> (Content, length: Int) {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try readAll(descriptor, limit: AttachmentRecord.greatestLength, subject: path)
    } catch {
      guard error.code == .fileTooLarge else { throw error }
      // No record is that long. It is cut, so that nothing of it stands behind the next one.
      _ = try systemCall("ftruncate", on: path) { ftruncate(descriptor, 0) }
      return (.unreadable, 0)
    }
    if bytes.isEmpty { return (.new, 0) }
    return (AttachmentRecord(parsing: bytes).map { .record($0) } ?? .unreadable, bytes.count)
  }

  /// The record, where there is one that can be read.
  package var record: AttachmentRecord? {
    if case .record(let record) = content { record } else { nil }
  }

  /// Writes the record in one `write(2)`, so that a process which is killed has written all of it or nothing.
  package mutating func write(_ record: AttachmentRecord) throws(SystemError) {
    var bytes = record.encoded()
    // Nobody would read it, and nobody would find what it tells of.
    guard bytes.count <= AttachmentRecord.greatestLength else { throw SystemError("write", .fileTooLarge, on: path) }
    // A shorter record is filled up with blanks: cutting the file would be a second step.
    if bytes.count < length { bytes += repeatElement(UInt8(ascii: " "), count: length - bytes.count) }
    let descriptor = file.rawValue
    let outcome: Result<Int, SystemError> = bytes.withUnsafeBytes { buffer in
      Result { () throws(SystemError) in
        try systemCall("write") { pwrite(descriptor, buffer.baseAddress, buffer.count, 0) }
      }
    }
    switch outcome {
    case .success(bytes.count): length = bytes.count
    case .success: throw SystemError("write", .noSpace, on: path)
    case .failure(let error): throw SystemError(error.operation, error.code, on: path)
    }
  }

  /// Removes the record: the attachment owns nothing any more. The lock stays until the entry goes away.
  package func remove() throws(SystemError) {
    if isObstructed { return removeObstacle() }
    try removeFile(path)
  }

  /// Removes what is in the record's place, and not what a symbolic link leads to. A directory that is not empty is
  /// somebody's, and stays: a DEL must succeed for all that.
  private func removeObstacle() {
    // An ADD may have made the record in the meantime.
    guard isObstacle(path) else { return }
    if rmdir(path) == -1, currentErrorNumber() == .notDirectory { _ = unlink(path) }
  }
}

/// Whether there is something at a path that is no file. Symbolic links are not followed, and are none.
func isObstacle(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0 && status.st_mode & mode_t(S_IFMT) != mode_t(S_IFREG)
}

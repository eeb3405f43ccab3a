package import CLinux
internal import SystemPackage

/// What identifies a file, whatever path leads to it.
package struct FileIdentity: Hashable, Sendable {
  /// The number of the file system: `st_dev` of `stat(2)`.
  package let device: UInt64
  /// The number of the file in it: `st_ino`.
  package let inode: UInt64

  package init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }

  package init(_ status: borrowing stat) {
    self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  /// The identity of the file that a descriptor refers to.
  package init(of descriptor: CInt) throws(SystemError) {
    self.init(try fileStatus(of: descriptor))
  }

  /// The identity of the file that a path leads to; symbolic links are followed.
  package init(ofPath path: String) throws(SystemError) {
    self.init(try fileStatus(path))
  }

  /// The identity of the file that a path leads to, or nil where it leads nowhere.
  package static func ifPresent(atPath path: String) throws(SystemError) -> FileIdentity? {
    do throws(SystemError) {
      return try FileIdentity(ofPath: path)
    } catch {
      if error.code == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }
}

/// `stat(2)`: symbolic links are followed.
package func fileStatus(_ path: String) throws(SystemError) -> stat {
  guard !path.utf8.contains(0) else { throw SystemError("stat", .invalidArgument, on: path) }
  var status = stat()
  _ = try systemCall("stat", on: path) { stat(path, &status) }
  return status
}

/// `fstat(2)`.
package func fileStatus(of descriptor: CInt, subject: @autoclosure () -> String? = nil) throws(SystemError) -> stat {
  var status = stat()
  _ = try systemCall("fstat", on: subject()) { fstat(descriptor, &status) }
  return status
}

/// Reads from a descriptor to its end.
///
/// - Parameter limit: More than so many bytes is the error `EFBIG`.
package func readAll(_ descriptor: CInt, limit: Int, subject: @autoclosure () -> String? = nil) throws(SystemError)
  -> [UInt8]
{
  var bytes: [UInt8] = []
  let outcome: Result<Void, SystemError> = withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 1) { chunk in
    Result { () throws(SystemError) in
      while true {
        let count = try systemCall("read", on: subject()) { read(descriptor, chunk.baseAddress, chunk.count) }
        if count == 0 { return }
        if count > limit - bytes.count { throw SystemError("read", .fileTooLarge, on: subject()) }
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      }
    }
  }
  try outcome.get()
  return bytes
}

/// Reads a whole file. A pipe that nobody writes to is empty, and not waited for.
///
/// - Parameter limit: A file of more than so many bytes is the error `EFBIG`.
package func readFile(_ path: String, limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
  let file = try OwnedDescriptor(opening: path, O_RDONLY | O_NONBLOCK)
  return try readAll(file.rawValue, limit: limit, subject: path)
}

/// Writes all of the bytes, in as many calls as the kernel needs.
package func writeAll(_ descriptor: CInt, _ bytes: [UInt8], subject: @autoclosure () -> String? = nil)
  throws(SystemError)
{
  let outcome: Result<Void, SystemError> = bytes.withUnsafeBytes { buffer in
    Result { () throws(SystemError) in
      var written = 0
      while written < buffer.count {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
        written += try systemCall("write") { write(descriptor, rest.baseAddress, rest.count) }
      }
    }
  }
  if case .failure(let error) = outcome { throw SystemError(error.operation, error.code, on: subject()) }
}

/// Removes a file. One that is not there is fine.
///
/// - Returns: Whether there was one.
@discardableResult
package func removeFile(_ path: String) throws(SystemError) -> Bool {
  do throws(SystemError) {
    _ = try systemCall("unlink", on: path) { unlink(path) }
    return true
  } catch {
    if error.code == .noSuchFileOrDirectory { return false }
    throw error
  }
}

/// Makes a directory and those above it. One that is there is left as it is.
///
/// - Parameter mode: The permissions of each directory that this call makes, before the umask.
package func makeDirectories(_ path: String, mode: mode_t) throws(SystemError) {
  guard !path.utf8.contains(0) else { throw SystemError("mkdir", .invalidArgument, on: path) }
  do throws(SystemError) {
    _ = try systemCall("mkdir", on: path) { mkdir(path, mode) }
  } catch {
    switch error.code {
    case .fileExists: return
    case .noSuchFileOrDirectory:
      guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex else { throw error }
      try makeDirectories(String(path[..<slash]), mode: mode)
      // Another process may have made it in the meantime.
      if mkdir(path, mode) == -1, currentErrorNumber() != .fileExists {
        throw SystemError("mkdir", currentErrorNumber(), on: path)
      }
    default: throw error
    }
  }
}

/// The names in a directory, in no order, without `.` and `..`.
package func namesInDirectory(_ path: String) throws(SystemError) -> [String] {
  var names: [String] = []
  try forEachName(in: path) { name throws(SystemError) in names.append(name) }
  return names
}

/// Goes through the names in a directory, in no order, without `.` and `..`. They are never all in memory.
package func forEachName(in path: String, _ body: (String) throws(SystemError) -> Void) throws(SystemError) {
  guard let directory = opendir(path) else { throw SystemError("opendir", currentErrorNumber(), on: path) }
  defer { closedir(directory) }
  while true {
    swiftcni_set_errno(0)
    guard let entry = readdir(directory) else {
      if swiftcni_errno() != 0 { throw SystemError("readdir", currentErrorNumber(), on: path) }
      return
    }
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { try body(name) }
  }
}

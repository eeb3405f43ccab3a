import CLinux
import LinuxSystem
import TestSupport

/// A directory for one test. It and all in it are removed with the last reference to it.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = "/tmp/\(uniqueTestName())"
    try makeDirectories(path, mode: 0o755)
  }

  /// Writes a file, and makes the directories that it needs.
  ///
  /// - Returns: Its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    if let slash = file.lastIndex(of: "/") { try makeDirectories(String(file[..<slash]), mode: 0o755) }
    let descriptor = try OwnedDescriptor(opening: file, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    try writeAll(descriptor.rawValue, Array(text.utf8))
    return file
  }

  deinit {
    // Depth first; mounts that a failed test left are taken away, so that what is below them can be removed.
    func remove(_ path: String) {
      while umount2(path, CInt(MNT_DETACH | UMOUNT_NOFOLLOW)) == 0 {}
      if unlink(path) == 0 { return }
      for name in (try? namesInDirectory(path)) ?? [] { remove("\(path)/\(name)") }
      rmdir(path)
    }
    remove(path)
  }
}

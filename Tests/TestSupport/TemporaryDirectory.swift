internal import CLinux
internal import LinuxSystem

/// A directory of a test's own below `/tmp`, which goes away with everything in it when the value does.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() throws {
    path = "/tmp/swift-cni-test-\(String(randomNumber(), radix: 16))"
    _ = try systemCall("mkdir", on: path) { mkdir(path, 0o700) }
  }

  deinit { removeTree(path) }

  /// The path of a file in the directory.
  package func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Makes a file with a content, and the directories that it lies in.
  package func write(_ content: some Sequence<UInt8>, to name: String) throws {
    if let slash = name.lastIndex(of: "/") { try makeDirectories(file(String(name[..<slash])), mode: 0o755) }
    let file = try OwnedDescriptor(opening: file(name), O_CREAT | O_TRUNC | O_WRONLY, mode: 0o600)
    try writeAll(file.rawValue, Array(content))
  }

  /// The content of a file.
  package func read(_ name: String) throws -> [UInt8] { try readFile(file(name)) }

  /// The names of the files in the directory, or in one below it, sorted.
  package func names(in name: String = ".") throws -> [String] { try namesInDirectory(file(name)).sorted() }
}

/// Removes a file, or a directory with everything in it. Nothing there is fine.
package func removeTree(_ path: String) {
  var status = stat()
  guard lstat(path, &status) == 0 else { return }
  guard mode_t(status.st_mode) & mode_t(S_IFMT) == mode_t(S_IFDIR) else {
    unlink(path)
    return
  }
  for name in (try? namesInDirectory(path)) ?? [] { removeTree("\(path)/\(name)") }
  rmdir(path)
}

internal import CLinux
internal import Foundation
internal import LinuxSystem

/// All that a program can find out about a file.
package struct FileFingerprint: Hashable, Sendable {
  private let path: String
  private let numbers: [Int]
  private let content: Data

  /// The files below a path, and the path's own, in the order of their names.
  package static func all(below path: String) throws -> [FileFingerprint] {
    let status = try fileStatus(path)
    let isDirectory = mode_t(status.st_mode) & mode_t(CLinux.S_IFMT) == mode_t(CLinux.S_IFDIR)
    let file = FileFingerprint(
      path: path,
      numbers: [
        Int(status.st_ino), Int(status.st_mode), Int(status.st_nlink), Int(status.st_size), status.st_mtim.tv_sec,
        status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
      ],
      content: isDirectory ? Data() : Data(try readFile(path)))
    guard isDirectory else { return [file] }
    return [file] + (try namesInDirectory(path).sorted().flatMap { try all(below: "\(path)/\($0)") })
  }
}

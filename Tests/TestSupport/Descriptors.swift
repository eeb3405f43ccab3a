import CLinux
import LinuxSystem

/// The number of file descriptors that this process has open, for tests that nothing is leaked.
///
/// Other tests of the same process open files too: a test that compares two counts must be the only one that runs, or
/// run in a process of its own. Even there the test runner's event loop begins at some moment of its own; what it opens
/// has no file (`anon_inode`: epoll, eventfd, timerfd), is nothing that the project ever opens, and is not counted.
package func openDescriptorCount() throws -> Int {
  let names = try namesInDirectory("/proc/self/fd")
  // The directory itself is open while it is read, and closed when its entry is looked at.
  return names.count { target(of: "/proc/self/fd/\($0)").map { !$0.hasPrefix("anon_inode:") } ?? false }
}

/// What a symbolic link says; nil where there is none.
private func target(of link: String) -> String? {
  var bytes = [CChar](repeating: 0, count: 256)
  let length = readlink(link, &bytes, bytes.count - 1)
  guard length > 0 else { return nil }
  return String(decoding: bytes[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

internal import CLinux
internal import SystemPackage

/// How a file is locked with `flock(2)`.
package enum FileLockKind: Sendable {
  /// Others may hold it shared at the same time.
  case shared
  /// Nobody else may hold it.
  case exclusive

  fileprivate var operation: CInt {
    switch self {
    case .shared: LOCK_SH
    case .exclusive: LOCK_EX
    }
  }
}

/// Locks an open file, or finds that somebody else holds it.
///
/// The lock belongs to the open file: the kernel lets go of it when the process ends, however it ends.
///
/// - Returns: Whether the lock was had at once.
package func tryLock(_ descriptor: CInt, _ kind: FileLockKind) throws(SystemError) -> Bool {
  do throws(SystemError) {
    _ = try systemCall("flock") { flock(descriptor, kind.operation | LOCK_NB) }
    return true
  } catch {
    if error.code == .resourceTemporarilyUnavailable { return false }
    throw error
  }
}

/// Locks an open file and waits for those who hold it, but not for ever: a stuck process must not stop every other one.
///
/// - Parameters:
///   - seconds: How long to wait at most.
///   - subject: What is locked, for the message.
/// - Throws: `ETIMEDOUT` when the time is over; the operation names the processes that hold the lock,
///   where `/proc` tells.
package func lock(_ descriptor: CInt, _ kind: FileLockKind, seconds: Int, subject: String) throws(SystemError) {
  if try tryLock(descriptor, kind) { return }
  // Those who wait in flock(2) get the lock in the order in which they came, each as soon as it is free. It has no deadline
  // of its own, so an alarm ends it.
  let end = monotonicNanoseconds() + Int64(seconds) * 1_000_000_000
  let alarm = try Alarm(seconds: seconds)
  while flock(descriptor, kind.operation) == -1 {
    let code = currentErrorNumber()
    guard code == .interrupted else { throw SystemError("flock", code, on: subject) }
    if monotonicNanoseconds() >= end {
      let holders = lockHolders(of: descriptor).map { "process \($0)\(programName(of: $0).map { " (\($0))" } ?? "")" }
      let names = holders.isEmpty ? "another process" : holders.joined(separator: ", ")
      throw SystemError("wait \(seconds) s for \(names), which holds the lock", .timedOut, on: subject)
    }
  }
  alarm.cancel()
}

/// The name of a process's program, as `/proc` tells it.
private func programName(of process: pid_t) -> String? {
  guard var bytes = try? readFile("/proc/\(process)/comm", limit: 64) else { return nil }
  if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
  return String(decoding: bytes, as: UTF8.self)
}

/// The processes that hold a `flock(2)` lock on a file, as `/proc/locks` tells. Empty when it does not.
private func lockHolders(of descriptor: CInt) -> [pid_t] {
  guard let identity = try? FileIdentity(of: descriptor), let bytes = try? readFile("/proc/locks", limit: 4 << 20)
  else {
    return []
  }
  // 1: FLOCK  ADVISORY  WRITE 4242 00:19:1234 0 EOF, where the device's numbers are in hex and the inode is decimal.
  let inode = ":\(identity.inode)"
  var holders: [pid_t] = []
  for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
    let fields = line.split(separator: " ", omittingEmptySubsequences: true)
    guard fields.count >= 6, fields[1] == "FLOCK", fields[5].hasSuffix(inode), let process = pid_t(fields[4]) else {
      continue
    }
    holders.append(process)
  }
  return holders
}

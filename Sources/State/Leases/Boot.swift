internal import CLinux
internal import LinuxSystem

/// Which run of the kernel this is, and which files are older than it.
package struct Boot: Sendable {
  /// A number that no other boot has.
  let identifier: UInt64

  /// Files that were changed before this are of an earlier boot for certain. In nanoseconds since 1970.
  ///
  /// A file of this boot can look older than the boot: a machine without a clock of its own begins in 1970 and is set
  /// right later. So it is the earlier one of two readings: when the clock now says that the machine was started, and
  /// what it said when the kernel's own file systems were mounted.
  let start: Int64

  /// When the clock says now that the machine was started, in nanoseconds since 1970.
  let startByClock: Int64

  /// For how long the machine has been running, in nanoseconds.
  let uptime: Int64

  /// Stands for any boot before this one.
  static let earlier: UInt64 = 0

  package init(identifier: UInt64, start: Int64, startByClock: Int64 = 0, uptime: Int64 = 0) {
    self.identifier = identifier
    self.start = start
    self.startByClock = startByClock
    self.uptime = uptime
  }

  /// Whether an index was written in this very run of the kernel, though under another identifier: some containers have one
  /// of their own, beside that of their host. Then the machine was started at the same time (which only a step of the clock
  /// changes), and has run for longer since.
  func isSameRun(as header: IndexHeader) -> Bool {
    let difference = startByClock.subtractingReportingOverflow(header.startByClock)
    return !difference.overflow && difference.partialValue.magnitude < 100_000_000 && header.uptime <= uptime
  }

  /// The running kernel's boot; nil where `/proc` does not tell.
  package static func current() -> Boot? {
    guard let text = try? readFile("/proc/sys/kernel/random/boot_id", limit: 64), !text.isEmpty,
      let processes = try? fileStatus("/proc")
    else {
      return nil
    }
    let uptime = nanosecondsSinceBoot()
    let startByClock = nanosecondsSince1970() - uptime
    return Boot(
      identifier: StableHash.of(text), start: min(startByClock, nanoseconds(processes.st_ctim)),
      startByClock: startByClock, uptime: uptime)
  }
}

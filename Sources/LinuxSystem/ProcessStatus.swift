package import CLinux

/// What `/proc` tells about a process. See `proc_pid_stat(5)`.
package struct ProcessStatus: Sendable {
  /// The process that started it, or took it over.
  package let parent: pid_t

  /// When it was started, in nanoseconds since the machine was, to the tick (10 ms) below.
  package let started: Int64

  /// Asks about a process; nil where there is none, or `/proc` does not tell.
  package init?(of process: pid_t) {
    guard let bytes = try? readFile("/proc/\(process)/stat", limit: 4096),
      // The name of the program stands in parentheses, and may contain any.
      let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")"))
    else {
      return nil
    }
    let fields = bytes[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 19, let parent = number(fields[1]), let ticks = number(fields[19]) else { return nil }
    self.parent = pid_t(truncatingIfNeeded: parent)
    started = ticks &* (1_000_000_000 / Int64(max(sysconf(CInt(_SC_CLK_TCK)), 1)))
  }

  /// Whether a process is this one, or one that started it, directly or through others.
  package static func isAncestorOrSelf(_ process: pid_t) -> Bool {
    var current = getpid()
    while current > 0 {
      if current == process { return true }
      guard let status = ProcessStatus(of: current) else { return false }
      current = status.parent
    }
    return false
  }
}

private func number(_ digits: ArraySlice<UInt8>) -> Int64? {
  var value: Int64 = 0
  for digit in digits {
    guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit, value < .max / 16 else { return nil }
    value = value * 10 + Int64(digit - UInt8(ascii: "0"))
  }
  return digits.isEmpty ? nil : value
}

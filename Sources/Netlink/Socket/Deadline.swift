internal import CLinux

/// A point in time until which to wait, on the clock that nobody can set.
struct Deadline {
  private let nanoseconds: Int64

  /// The point that lies so far ahead.
  init(after duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let ahead = Int64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let end = Self.now.addingReportingOverflow(ahead.partialValue &+ attoseconds / 1_000_000_000)
    nanoseconds = ahead.overflow || end.overflow ? .max : end.partialValue
  }

  /// The milliseconds that are left, rounded up, as `poll(2)` takes them; 0 when the time is over.
  var millisecondsLeft: CInt {
    let left = nanoseconds.subtractingReportingOverflow(Self.now)
    if left.overflow || left.partialValue > Int64(CInt.max) * 1_000_000 { return .max }
    return left.partialValue <= 0 ? 0 : CInt((left.partialValue + 999_999) / 1_000_000)
  }

  private static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

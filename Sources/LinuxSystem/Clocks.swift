package import CLinux

/// Nanoseconds on the clock that only goes forward (`CLOCK_MONOTONIC`).
package func monotonicNanoseconds() -> Int64 { time(on: CLOCK_MONOTONIC) }

/// Nanoseconds since the machine was started, those in which it slept included (`CLOCK_BOOTTIME`).
package func nanosecondsSinceBoot() -> Int64 { time(on: CLOCK_BOOTTIME) }

/// Nanoseconds since 1970 (`CLOCK_REALTIME`). People and programs set this clock.
package func nanosecondsSince1970() -> Int64 { time(on: CLOCK_REALTIME) }

/// Seconds since 1970 (`CLOCK_REALTIME`).
package func secondsSince1970() -> Int { Int(nanosecondsSince1970() / 1_000_000_000) }

/// A time as one number. It fits until the year 2262.
package func nanoseconds(_ time: timespec) -> Int64 {
  Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ Int64(time.tv_nsec)
}

private func time(on clock: clockid_t) -> Int64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return nanoseconds(time)
}

/// A time as people and programs read it: `2026-11-24T10:00:00Z` (RFC 3339).
///
/// - Parameter seconds: Seconds since 1970.
package func timestamp(_ seconds: Int) -> String {
  var seconds = time_t(seconds)
  var parts = tm()
  guard gmtime_r(&seconds, &parts) != nil else { return "second \(seconds)" }
  func twoDigits(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
  return "\(parts.tm_year + 1900)-\(twoDigits(parts.tm_mon + 1))-\(twoDigits(parts.tm_mday))"
    + "T\(twoDigits(parts.tm_hour)):\(twoDigits(parts.tm_min)):\(twoDigits(parts.tm_sec))Z"
}

/// A moment on both clocks that things are dated with.
package struct Moment: Sendable {
  /// In nanoseconds since the machine was started.
  package let sinceBoot: Int64
  /// In nanoseconds since 1970.
  package let since1970: Int64

  /// Now.
  package init() {
    sinceBoot = nanosecondsSinceBoot()
    since1970 = nanosecondsSince1970()
  }
}

internal import CLinux

/// Ends a system call of this thread that takes too long: from a moment on, the call fails with `EINTR`, again and again
/// until the alarm is cancelled or goes away.
///
/// More than once, because the first signal may come just before the call. The signal is a real-time one that nobody else
/// uses, so that alarms of several threads, and of programs that this library is a part of, do not meet. The process keeps
/// the signal's handler, and the thread receives it from then on.
struct Alarm: ~Copyable {
  /// A number in the guise of a pointer: the first timer of a process is nil.
  private let timer: timer_t?

  /// - Parameter seconds: When it goes off first; at once for 0.
  init(seconds: Int) throws(SystemError) {
    let signal = swiftcni_alarm_signal()
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in }
    // Without SA_RESTART, which would make the call go on.
    _ = try systemCall("sigaction") { sigaction(signal, &action, nil) }
    // A process inherits which signals are blocked, and some callers block all.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, signal)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    var timer: timer_t?
    _ = try systemCall("timer_create") { swiftcni_thread_timer(&timer, signal) }
    self.timer = timer
    let again = timespec(tv_sec: 0, tv_nsec: 10_000_000)
    // A time of zero would switch it off.
    let first = timespec(tv_sec: max(seconds, 0), tv_nsec: 1)
    var setting = itimerspec(it_interval: again, it_value: first)
    _ = timer_settime(timer, 0, &setting, nil)
  }

  /// Ends it now.
  consuming func cancel() {}

  deinit { timer_delete(timer) }
}

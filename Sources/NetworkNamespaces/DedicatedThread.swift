internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Runs a closure on a thread that exists for nothing else, and waits for its end.
///
/// What the closure does to its thread's namespace ends with the thread: the caller's thread cannot be stranded.
///
/// - Throws: `EAGAIN` where the system has no thread left.
func onDedicatedThread<Success: ~Copyable>(_ body: () -> Success) throws(SystemError) -> Success {
  var result: Success?
  let code = withoutActuallyEscaping({ result = body() }) { escapable in
    runThread(ThreadStart(body: escapable))
  }
  guard let result = result.take() else { throw SystemError("pthread_create", Errno(rawValue: code)) }
  return result
}

/// A closure on its way to a thread.
private final class ThreadStart {
  let body: () -> Void

  init(body: @escaping () -> Void) { self.body = body }
}

/// Starts a thread and waits for its end, which is what makes it sound to lend it the caller's variables.
///
/// - Returns: The error number of `pthread_create(3)`; 0 where the thread ran.
private func runThread(_ start: ThreadStart) -> CInt {
  withExtendedLifetime(start) {
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, threadMain, Unmanaged.passUnretained(start).toOpaque())
    if code == 0 { pthread_join(thread, nil) }
    return code
  }
}

private func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<ThreadStart>.fromOpaque(context).takeUnretainedValue().body()
  return nil
}

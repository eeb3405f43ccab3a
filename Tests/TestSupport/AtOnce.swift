internal import CLinux
internal import Synchronization

/// Runs a body several times at once, each time on a thread of its own, and returns when all have ended.
///
/// The first error is thrown then.
package func atOnce(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
  let failure = Mutex<(any Error)?>(nil)
  var threads: [pthread_t] = []
  for number in 0..<count {
    let work = Unmanaged.passRetained(
      Work {
        do { try body(number) } catch { failure.withLock { $0 = $0 ?? error } }
      })
    var thread = pthread_t()
    let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
      if let pointer { Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body() }
      return nil
    }
    let code = pthread_create(&thread, nil, start, work.toOpaque())
    guard code == 0 else {
      work.release()
      for thread in threads { pthread_join(thread, nil) }
      throw HarnessError("cannot make a thread: \(String(cString: strerror(code)))")
    }
    threads.append(thread)
  }
  for thread in threads { pthread_join(thread, nil) }
  if let error = failure.withLock({ $0 }) { throw error }
}

private final class Work {
  let body: () -> Void

  init(_ body: @escaping () -> Void) { self.body = body }
}

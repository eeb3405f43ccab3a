import CLinux
import Testing

/// A thread that works while the test goes on. The test waits for it with `join`.
///
/// Not a task: a namespace belongs to a thread, and a task that waits in the kernel takes a thread from all tests.
final class BackgroundThread {
  private let work: Work
  private var thread = pthread_t()

  init(_ body: @escaping @Sendable () -> Void) throws {
    work = Work(body)
    let code = pthread_create(&thread, nil, threadMain, Unmanaged.passUnretained(work).toOpaque())
    try #require(code == 0)
  }

  /// Waits for the end of the thread; to be called exactly once.
  func join() { withExtendedLifetime(work) { _ = pthread_join(thread, nil) } }

  /// Runs the body on so many threads at once, and waits for all.
  static func run(count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
    let threads = try (0..<count).map { index in try BackgroundThread { body(index) } }
    for thread in threads { thread.join() }
  }
}

private final class Work: Sendable {
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let context { Unmanaged<Work>.fromOpaque(context).takeUnretainedValue().body() }
  return nil
}

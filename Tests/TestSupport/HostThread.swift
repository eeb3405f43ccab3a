internal import CLinux

/// Runs a body on a thread that is made for it and ends with it.
///
/// Namespaces belong to threads: whatever the body enters, no other test is ever there by accident.
package func onThreadOfItsOwn<Value>(_ body: () throws -> Value) throws -> Value {
  var outcome: Result<Value, any Error>?
  try withoutActuallyEscaping(body) { body in
    let work = ThreadWork { outcome = Result { try body() } }
    var thread = pthread_t()
    let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
      if let pointer { Unmanaged<ThreadWork>.fromOpaque(pointer).takeUnretainedValue().body() }
      return nil
    }
    let code = withExtendedLifetime(work) {
      let code = pthread_create(&thread, nil, start, Unmanaged.passUnretained(work).toOpaque())
      if code == 0 { pthread_join(thread, nil) }
      return code
    }
    guard code == 0 else { throw HarnessError("cannot make a thread: \(String(cString: strerror(code)))") }
  }
  guard let outcome else { throw HarnessError("the thread ended before its work") }
  return try outcome.get()
}

private final class ThreadWork {
  let body: () -> Void

  init(_ body: @escaping () -> Void) { self.body = body }
}

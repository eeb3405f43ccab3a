internal import CLinux
public import LinuxSystem
internal import SystemPackage

extension NetworkNamespace {
  /// Moves the calling thread into the namespace, to stay. What most callers want is ``run(_:)``.
  ///
  /// - Throws: `EBADF` for a handle that is not open, `EPERM` without `CAP_SYS_ADMIN` in the user namespace that owns
  ///   the network namespace and in one's own.
  public func enter() throws(SystemError) {
    try setNamespace(fileDescriptor, .network)
  }

  /// Runs a closure in the namespace. The thread is home again when this returns, or throws.
  ///
  /// The closure is synchronous on purpose: a thread has a namespace, a task has none, and after an `await` it may go
  /// on in another thread. For the same reason the closure must not hand work to threads that others started, and a
  /// thread that it starts itself stays in the namespace.
  ///
  /// The way home is tried before the thread leaves: one that may not return, because its own namespace belongs to a
  /// user namespace above its own, gets `EPERM` and stays where it is. Where the way home is lost all the same (a
  /// kernel without memory) the process ends with a message on standard error: a thread in the wrong namespace is
  /// never used again.
  ///
  /// - Returns: What the closure returns.
  /// - Throws: What the closure throws, or the reason why the thread could not go there.
  public func run<Success: ~Copyable, Failure: SystemErrorConvertible>(
    _ body: () throws(Failure) -> Success
  ) throws(Failure) -> Success {
    let home = try Result { () throws(SystemError) in try leaveHome() }.mapError(Failure.init).get()
    defer { returnHome(to: home.descriptor) }
    return try body()
  }

  /// Runs a closure in the namespace on a thread of its own, which ends with it, and waits for that.
  ///
  /// The calling thread never leaves home, so that there is no way back to lose: for services that many rely on, and
  /// for closures whose threads or libraries may keep what they find. It costs the start of a thread.
  ///
  /// - Returns: What the closure returns.
  /// - Throws: What the closure throws, or the reason why the thread could not go there.
  public func runOnThread<Success: ~Copyable & Sendable, Failure: SystemErrorConvertible>(
    _ body: @Sendable () throws(Failure) -> Success
  ) throws(Failure) -> Success {
    let descriptor = fileDescriptor
    let outcome = Result { () throws(SystemError) in
      try onDedicatedThread {
        Result { () throws(Failure) in
          do throws(SystemError) { try setNamespace(descriptor, .network) } catch { throw Failure(error) }
          return try body()
        }
      }
    }
    return try outcome.mapError(Failure.init).get().get()
  }

  /// Moves the calling thread into the namespace.
  ///
  /// - Returns: Where it came from, and may go back to.
  private func leaveHome() throws(SystemError) -> NetworkNamespace {
    let home = try NetworkNamespace.current()
    try home.enter()
    try enter()
    return home
  }
}

/// Brings the thread home, or ends the process.
///
/// That the thread may go home was tried before it left, so only a kernel without memory can say no: it is asked again
/// for a second. Afterwards nothing is right any more. A thread that goes on here would change the wrong network, and
/// nobody would know; one that waits for ever, or ends in the middle of its work, keeps its locks and lets its caller
/// wait. So the process ends, with a message, as the callers of plugins expect it, and the kernel releases what it
/// held. Who cannot afford that has ``NetworkNamespace/runOnThread(_:)``, which has no way home to lose.
func returnHome(to descriptor: CInt) {
  for _ in 0..<100 {
    if setns(descriptor, CLONE_NEWNET) == 0 { return }
    guard currentErrorNumber() == .noMemory else { break }
    usleep(10_000)
  }
  let error = SystemError("setns", currentErrorNumber())
  try? writeAll(STDERR_FILENO, Array("cannot bring the thread home to its network namespace: \(error)\n".utf8))
  _exit(1)
}

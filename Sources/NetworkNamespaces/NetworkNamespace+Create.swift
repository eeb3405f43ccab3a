internal import CLinux
public import LinuxSystem

extension NetworkNamespace {
  /// Creates a network namespace. It has a loopback interface, which is down, and lives as long as the handle.
  ///
  /// The calling thread stays where it was, on failure too.
  ///
  /// - Throws: `EPERM` without `CAP_SYS_ADMIN`, `ENOSPC` where the limit on namespaces is reached.
  public static func new() throws(SystemError) -> NetworkNamespace {
    // A thread of its own goes there and ends. To go there oneself and come back would spare the thread, but needs the
    // right to enter the namespace that one comes from, which a process in a user namespace of its own has not got,
    // and can fail half-way with the caller in the wrong place.
    let outcome = try onDedicatedThread {
      Result { () throws(SystemError) in
        _ = try systemCall("unshare") { unshare(CLONE_NEWNET) }
        return try NetworkNamespace.current()
      }
    }
    return try outcome.get()
  }
}

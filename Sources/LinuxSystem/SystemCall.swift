internal import CLinux
public import SystemPackage

/// Runs a system call that answers -1 for a failure, and turns that into an error. A call that a signal interrupted is
/// made again.
///
/// The error number is read before anything else can change it.
@inlinable
package func systemCall<Result: SignedInteger>(
  _ operation: String, on subject: @autoclosure () -> String? = nil, _ body: () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    let code = currentErrorNumber()
    if code == .interrupted { continue }
    throw SystemError(operation, code, on: subject())
  }
}

/// The calling thread's `errno`.
@usableFromInline
package func currentErrorNumber() -> Errno { Errno(rawValue: swiftcni_errno()) }

package import CLinux
internal import SystemPackage

/// A file descriptor that closes itself when its owner goes away. It cannot be copied, so it cannot be closed twice.
package struct OwnedDescriptor: ~Copyable {
  /// The descriptor's number; -1 when there is none.
  package let rawValue: CInt

  /// Takes over a descriptor that nobody else will close.
  package init(owning rawValue: CInt) { self.rawValue = rawValue }

  /// Opens a file. `O_CLOEXEC` is always set: a descriptor that leaks into a child pins what it refers to.
  ///
  /// - Parameters:
  ///   - flags: The flags of `open(2)`.
  ///   - mode: The permissions of a file that this call makes, before the umask.
  package init(opening path: String, _ flags: CInt, mode: mode_t = 0) throws(SystemError) {
    // The kernel would take a path with a NUL as the part before it.
    guard !path.utf8.contains(0) else { throw SystemError("open", .invalidArgument, on: path) }
    self.init(owning: try systemCall("open", on: path) { swiftcni_open(path, flags | O_CLOEXEC, mode) })
  }

  deinit {
    if rawValue >= 0 { _ = close(rawValue) }
  }

  /// Gives the descriptor up: the caller closes it.
  package consuming func take() -> CInt {
    let value = rawValue
    discard self
    return value
  }
}

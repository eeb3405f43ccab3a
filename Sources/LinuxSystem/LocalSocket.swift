internal import CLinux
internal import SystemPackage

/// Connects to a service that listens on a socket in the file system, or on one whose name is in the kernel only
/// (`unix(7)`, "abstract"): there the first byte of the name is zero.
///
/// - Parameter milliseconds: How long connecting, and later each reading and writing, waits at most.
/// - Throws: `ENOENT` or `ECONNREFUSED` where nobody listens.
package func connectedLocalSocket(_ name: String, milliseconds: Int) throws(SystemError) -> OwnedDescriptor {
  let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
  let socket = OwnedDescriptor(owning: try systemCall("socket") { CLinux.socket(AF_UNIX, kind, 0) })
  try limitWaiting(socket.rawValue, milliseconds: milliseconds)
  var address = sockaddr_un()
  let length = try fill(&address, with: name)
  _ = try systemCall("connect", on: name) {
    withUnsafePointer(to: &address) {
      connect(socket.rawValue, __CONST_SOCKADDR_ARG(__sockaddr_un__: $0), length)
    }
  }
  return socket
}

/// Limits how long each reading from a socket, and each writing to it, waits. After that it is the error `EAGAIN`.
///
/// - Parameter milliseconds: Not zero, which the kernel takes for no limit.
package func limitWaiting(_ socket: CInt, milliseconds: Int) throws(SystemError) {
  var limit = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
  let length = socklen_t(MemoryLayout<timeval>.size)
  for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
    _ = try systemCall("setsockopt") { setsockopt(socket, SOL_SOCKET, option, &limit, length) }
  }
}

/// Writes a name into a socket's address, which has room for 107 bytes of it.
///
/// - Returns: The length of the address. A name in the kernel ends where the address does.
private func fill(_ address: inout sockaddr_un, with name: String) throws(SystemError) -> socklen_t {
  let room = MemoryLayout.size(ofValue: address.sun_path)
  guard name.utf8.count < room else { throw SystemError("connect", .fileNameTooLong, on: name) }
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8) }
  let isInFileSystem = name.utf8.first != 0
  return socklen_t(MemoryLayout<sockaddr_un>.size - room + name.utf8.count + (isInFileSystem ? 1 : 0))
}

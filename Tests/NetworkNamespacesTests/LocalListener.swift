import CLinux
import LinuxSystem

/// A listening local socket.
final class LocalListener: Sendable {
  let path: String
  private let socket: CInt

  init(path: String) throws {
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = try systemCall("socket") { CLinux.socket(AF_UNIX, kind, 0) }
    self.path = path
    socket = descriptor
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    _ = try systemCall("bind", on: path) {
      withUnsafePointer(to: &address) {
        bind(descriptor, __CONST_SOCKADDR_ARG(__sockaddr_un__: $0), socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    _ = try systemCall("listen", on: path) { listen(descriptor, 1) }
  }

  deinit { _ = close(socket) }

  /// Waits for a connection, reads a request up to its empty line, answers with the given bytes and hangs up.
  ///
  /// - Returns: The request.
  func answerOnce(_ answer: String) throws -> String {
    let connection = OwnedDescriptor(
      owning: try systemCall("accept") { accept4(socket, .init(), nil, SOCK_CLOEXEC.flag) })
    var request: [UInt8] = []
    while !request.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      var byte: UInt8 = 0
      guard try systemCall("read", { read(connection.rawValue, &byte, 1) }) == 1 else { break }
      request.append(byte)
    }
    try writeAll(connection.rawValue, Array(answer.utf8))
    return String(decoding: request, as: UTF8.self)
  }
}

extension __socket_type {
  fileprivate var flag: CInt { CInt(rawValue) }
}

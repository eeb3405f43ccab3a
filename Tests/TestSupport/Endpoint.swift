internal import CLinux
internal import Glibc
internal import LinuxSystem

/// A protocol of transport, as port mappings name it.
package enum Transport: String, Sendable, CaseIterable, CustomStringConvertible {
  case tcp, udp, sctp

  package var description: String { rawValue }

  /// Whether this kernel has the protocol.
  package var isSupported: Bool {
    guard let socket = try? makeSocket(AF_INET) else { return false }
    _ = consume socket
    return true
  }

  /// Whether a conversation begins with a connection.
  var hasConnections: Bool { self != .udp }

  /// A socket that does not block.
  func makeSocket(_ family: CInt) throws -> OwnedDescriptor {
    let kind = (hasConnections ? SOCK_STREAM : SOCK_DGRAM).rawValue
    let flags = SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let number = [.tcp: IPPROTO_TCP, .udp: IPPROTO_UDP, .sctp: IPPROTO_SCTP][self] ?? 0
    return OwnedDescriptor(
      owning: try systemCall("socket", on: rawValue) { socket(family, CInt(kind | flags), CInt(number)) })
  }
}

/// An address and a port.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
  /// In the form that the kernel's own tools print, IPv6 in lower case and shortened.
  package let address: String
  package let port: UInt16

  package init(_ address: String, _ port: UInt16) {
    self.address = address
    self.port = port
  }

  package var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }

  /// The C constant is `AF_INET` or `AF_INET6`.
  var family: CInt { address.contains(":") ? AF_INET6 : AF_INET }

  /// Calls a body with the structure that the kernel wants.
  func withSocketAddress<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value) throws -> Value {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(address, String(port), &hints, &list)
    guard code == 0, let first = list, let structure = first.pointee.ai_addr else {
      throw HarnessError("\(self) is no address: \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(list) }
    return try body(structure, first.pointee.ai_addrlen)
  }

  /// Reads the structure that a call of the kernel's fills in.
  init(_ read: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) throws -> Void) throws {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var address = [CChar](repeating: 0, count: 64)
    var port = [CChar](repeating: 0, count: 16)
    let code = try withUnsafeMutablePointer(to: &storage) {
      try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { structure in
        try read(structure, &length)
        return getnameinfo(
          structure, length, &address, socklen_t(address.count), &port, socklen_t(port.count),
          NI_NUMERICHOST | NI_NUMERICSERV)
      }
    }
    guard code == 0 else { throw HarnessError("no address: \(String(cString: gai_strerror(code)))") }
    func text(_ bytes: [CChar]) -> String {
      String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    self.init(text(address), UInt16(text(port)) ?? 0)
  }
}

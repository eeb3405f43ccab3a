internal import CLinux
internal import CNI
internal import LinuxSystem
internal import SystemPackage

/// What a call over D-Bus can end with besides an answer.
enum DBusError: Error, CustomStringConvertible {
  /// Nobody listens where the bus should be.
  case noBus(SystemError)
  /// The bus, or the service, did not answer in time.
  case timedOut
  /// What came is not what the specification has.
  case malformed(String)
  /// The service answered with an error, or the bus in its place.
  case answered(name: String, message: String)

  var description: String {
    switch self {
    case .noBus(let error): error.description
    case .timedOut: "the system bus did not answer within \(DBusConnection.patience) s"
    case .malformed(let what): "the system bus: \(what)"
    case .answered(let name, let message): message.isEmpty ? name : message
    }
  }
}

/// A connection to the system bus: for a few calls of methods, one after the other. All of them together may take
/// ``patience``.
///
/// See "Authentication Protocol" and "Message Bus Specification" in the D-Bus specification.
struct DBusConnection: ~Copyable {
  /// How long the connection is waited for at most, in seconds: no longer than what a runtime waits for a plugin.
  static let patience = 10

  /// The bus where the environment names none.
  private static let standardAddress = "unix:path=/var/run/dbus/system_bus_socket"

  private let socket: OwnedDescriptor
  private let end: Int64
  private var serial = DBusCall.firstSerial

  private init(socket: consuming OwnedDescriptor, end: Int64) {
    self.socket = socket
    self.end = end
  }

  /// Connects to the system bus and introduces this process to it.
  ///
  /// - Parameter environment: Where `DBUS_SYSTEM_BUS_ADDRESS` is looked for.
  static func open(environment: Environment) throws(DBusError) -> DBusConnection {
    let named = environment["DBUS_SYSTEM_BUS_ADDRESS"]
    let address = named.isEmpty ? standardAddress : named
    guard let name = socketName(in: address) else {
      throw .malformed("DBUS_SYSTEM_BUS_ADDRESS=\(quoted(address)) names no socket of this machine")
    }
    let end = monotonicNanoseconds() + Int64(patience) * 1_000_000_000
    var connection = DBusConnection(socket: try connect(to: name), end: end)
    try connection.authenticate()
    _ = try connection.call(
      DBusCall(
        destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
        member: "Hello", arguments: []))
    return connection
  }

  private static func connect(to name: String) throws(DBusError) -> OwnedDescriptor {
    do throws(SystemError) {
      return try connectedLocalSocket(name, milliseconds: patience * 1000)
    } catch {
      throw .noBus(error)
    }
  }

  /// Calls a method and waits for its answer.
  mutating func call(_ call: DBusCall) throws(DBusError) -> DBusReply {
    let serial = serial
    self.serial += 1
    try send(call.encoded(serial: serial))
    while true {
      let reply = try receiveMessage()
      guard reply.replySerial == serial else { continue }
      switch reply.kind {
      case .methodReturn: return reply
      case .error: throw .answered(name: reply.errorName, message: reply.text ?? "")
      case .methodCall, .signal, nil: continue
      }
    }
  }

  // MARK: - The connection

  /// Says who this process is; the bus knows that already from the kernel (`SO_PEERCRED`).
  private func authenticate() throws(DBusError) {
    // The number of the user in decimal digits, each of them in hexadecimal.
    var identity = ""
    for digit in String(geteuid()).utf8 { identity += String(digit, radix: 16) }
    // The byte 0 in front is where other systems would send who they are.
    try send(Array("\0AUTH EXTERNAL \(identity)\r\n".utf8))
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") {
      guard line.count < 512 else { throw .malformed("a line without an end") }
      line += try receive(1)
    }
    let answer = String(decoding: line.dropLast(2), as: UTF8.self)
    guard answer.hasPrefix("OK") else { throw .malformed("authentication as user \(geteuid()): \(quoted(answer))") }
    try send(Array("BEGIN\r\n".utf8))
  }

  private func receiveMessage() throws(DBusError) -> DBusReply {
    let start = try receive(DBusReply.fixedLength)
    guard let length = DBusReply.length(from: start), let reply = DBusReply(start + (try receive(length - start.count)))
    else {
      throw .malformed("a message that cannot be read")
    }
    return reply
  }

  private func receive(_ count: Int) throws(DBusError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let missing = count - bytes.count
      try waitNoLongerThanTheEnd()
      let part: Result<[UInt8], SystemError> = withUnsafeTemporaryAllocation(byteCount: missing, alignment: 1) {
        buffer in
        Result { () throws(SystemError) in
          let received = try systemCall("receive") { recv(socket.rawValue, buffer.baseAddress, missing, 0) }
          return Array(UnsafeRawBufferPointer(rebasing: buffer[..<received]))
        }
      }
      switch part {
      case .success(let part):
        guard !part.isEmpty else { throw .malformed("the connection was closed") }
        bytes += part
      case .failure(let error): throw DBusConnection.failure(error)
      }
    }
    return bytes
  }

  private func send(_ bytes: [UInt8]) throws(DBusError) {
    try waitNoLongerThanTheEnd()
    do throws(SystemError) {
      // So short a message goes into the socket's buffer at once. A bus that hangs up must not end the process.
      _ = try systemCall("send") { CLinux.send(socket.rawValue, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }
    } catch {
      throw DBusConnection.failure(error)
    }
  }

  private func waitNoLongerThanTheEnd() throws(DBusError) {
    let milliseconds = (end - monotonicNanoseconds()) / 1_000_000
    guard milliseconds > 0 else { throw .timedOut }
    do throws(SystemError) {
      try limitWaiting(socket.rawValue, milliseconds: Int(milliseconds))
    } catch {
      throw DBusConnection.failure(error)
    }
  }

  private static func failure(_ error: SystemError) -> DBusError {
    error.code == .resourceTemporarilyUnavailable ? .timedOut : .malformed(error.description)
  }

  // MARK: - The address

  /// The socket of the first address in a list that names one of this machine: `unix:path=…`, `unix:abstract=…`.
  ///
  /// - Returns: Its name, for an abstract one with the byte 0 in front; nil where there is none.
  static func socketName(in addresses: String) -> String? {
    for address in addresses.split(separator: ";") where address.hasPrefix("unix:") {
      for property in address.dropFirst("unix:".count).split(separator: ",") {
        if property.hasPrefix("path=") { return String(property.dropFirst("path=".count)) }
        if property.hasPrefix("abstract=") { return "\0" + property.dropFirst("abstract=".count) }
      }
    }
    return nil
  }
}

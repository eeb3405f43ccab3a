internal import CLinux
internal import JSON
internal import LinuxSystem
internal import SystemPackage

/// A connection to the docker engine, good for one question.
struct EngineConnection: ~Copyable {
  private let socket: OwnedDescriptor

  /// Connects to the engine's socket.
  ///
  /// - Throws: `ENOENT` or `ECONNREFUSED` where no engine listens.
  init(socket path: String) throws(SystemError) {
    // An engine that does not answer must not hold its caller for ever.
    socket = try connectedLocalSocket(path, milliseconds: 10_000)
  }

  /// The first process of the running container whose id begins with the prefix.
  consuming func processID(idPrefix: String) throws(ContainerLookupError) -> CInt {
    let response = try response(to: "/containers/\(idPrefix)/json")
    guard response.status == 200 else { throw error(of: response, idPrefix: idPrefix) }
    let id: String
    let processID: CInt
    do throws(JSONError) {
      let container = try JSONValue(parsing: response.body)
      id = try container.value("Id")
      processID = try container.value("State", as: JSONValue.self).value("Pid")
    } catch {
      throw .engine(error.description)
    }
    // The engine takes a container's name as well, and a name can look like an id.
    guard id.hasPrefix(idPrefix) else { throw .notFound(prefix: idPrefix) }
    guard processID > 0 else { throw .notRunning(id: id) }
    return processID
  }

  private func response(to path: String) throws(ContainerLookupError) -> HTTPResponse {
    // Version 1.0: the engine closes the connection after the answer, and does not cut it into chunks.
    let request = "GET \(path) HTTP/1.0\r\nHost: docker\r\n\r\n"
    let bytes: [UInt8]
    do throws(SystemError) {
      try send(request)
      bytes = try readAll(socket.rawValue, limit: 16 << 20, subject: path)
    } catch {
      throw .system(error)
    }
    guard let response = HTTPResponse(bytes) else { throw .engine("no HTTP response") }
    return response
  }

  private func send(_ text: String) throws(SystemError) {
    // So short a text goes into the socket's buffer at once. An engine that hangs up must not end the process.
    var text = text
    _ = try systemCall("send") {
      text.withUTF8 { CLinux.send(socket.rawValue, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    }
  }
}

/// The engine's word for no container, for several, and for all else.
private func error(of response: HTTPResponse, idPrefix: String) -> ContainerLookupError {
  let message = (try? JSONValue(parsing: response.body).value("message", as: String.self)) ?? "no message"
  // Several: status 500 and "Multiple IDs found …", later 400 and "multiple …". Only the message tells. (`contains` of a
  // text would bring the regular expressions of the standard library along, which are a fifth of the executable.)
  if message.lowercased().hasPrefix("multiple ids found") { return .ambiguous(prefix: idPrefix, candidates: []) }
  if response.status == 404 { return .notFound(prefix: idPrefix) }
  return .engine("status \(response.status): \(message)")
}

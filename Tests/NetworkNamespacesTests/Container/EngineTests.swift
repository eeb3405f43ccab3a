import CLinux
import LinuxSystem
@testable import NetworkNamespaces
import Synchronization
import SystemPackage
import Testing

@Suite("A container that the engine is asked for")
struct EngineTests {
  private typealias Fixture = EngineFixture

  private static func answer(_ body: String, status: String = "200 OK") -> String {
    "HTTP/1.0 \(status)\r\nContent-Type: application/json\r\n\r\n\(body)\n"
  }

  private static func running(_ processID: String, id: String = Fixture.id) -> String {
    answer(#"{"Id":"\#(id)","Name":"/web","State":{"Status":"running","Pid":\#(processID)},"Config":{"Pid":1}}"#)
  }

  @Test("is found where the control groups do not tell")
  func found() throws {
    let fixture = try Fixture(.one)
    let (processID, request) = try fixture.withEngine(answering: Self.running("77")) {
      try fixture.lookup.processID(idPrefix: "3f9a")
    }
    #expect(processID == 77)
    #expect(request == "GET /containers/3f9a/json HTTP/1.0\r\nHost: docker\r\n\r\n")
  }

  @Test("is found where its processes are in groups below its own")
  func idleGroup() throws {
    let fixture = try Fixture(.two)
    try fixture.add("engine/docker/\(Fixture.id)", processes: "")
    let (processID, _) = try fixture.withEngine(answering: Self.running("77")) {
      try fixture.lookup.processID(idPrefix: "3f9a")
    }
    #expect(processID == 77)
  }

  @Test("leads to its namespace")
  func namespace() throws {
    let fixture = try Fixture(.one)
    let (identity, _) = try fixture.withEngine(answering: Self.running("\(getpid())")) {
      try fixture.lookup.namespace(idPrefix: "3f9a").identity
    }
    #expect(try identity == NetworkNamespace.ofProcess(getpid()).identity)
  }

  @Test(
    "what the engine refuses",
    arguments: [
      ("404 Not Found", #"{"message":"No such container: 3f9a"}"#, .notFound(prefix: "3f9a")),
      (
        "500 Internal Server Error", #"{"message":"Multiple IDs found with provided prefix: 3f9a"}"#,
        .ambiguous(prefix: "3f9a", candidates: [])
      ),
      (
        "400 Bad Request", #"{"message":"multiple IDs found with provided prefix: 3f9a"}"#,
        .ambiguous(prefix: "3f9a", candidates: [])
      ),
      ("500 Internal Server Error", #"{"message":"out of luck"}"#, .engine("status 500: out of luck")),
      ("503 Unavailable", "<html>", .engine("status 503: no message")),
    ] as [(String, String, ContainerLookupError)])
  func refusal(status: String, body: String, expected: ContainerLookupError) throws {
    let fixture = try Fixture(.one)
    _ = try fixture.withEngine(answering: Self.answer(body, status: status)) {
      #expect(throws: expected) { try fixture.lookup.processID(idPrefix: "3f9a") }
    }
  }

  @Test("that does not run has no namespace")
  func stopped() throws {
    let fixture = try Fixture(.one)
    _ = try fixture.withEngine(answering: Self.running("0")) {
      #expect(throws: ContainerLookupError.notRunning(id: Fixture.id)) {
        try fixture.lookup.processID(idPrefix: "3f9a")
      }
    }
  }

  @Test("whose name looks like the beginning of an id is not meant")
  func name() throws {
    let fixture = try Fixture(.one)
    _ = try fixture.withEngine(answering: Self.running("77", id: String(repeating: "e", count: 64))) {
      #expect(throws: ContainerLookupError.notFound(prefix: "3f9a")) { try fixture.lookup.processID(idPrefix: "3f9a") }
    }
  }

  @Test(
    "what is no description of a container is refused",
    arguments: [
      "", "HTTP/1.0", "HTTP/1.0 200 OK\r\n", "HTTP/1.0 200 OK\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "\r\n\r\n",
      "HTTP/1.0 twohundred OK\r\n\r\n{}", answer("[]"), answer("{}"), answer(#"{"Id":"3f9a"}"#),
      answer(#"{"Id":"3f9a","State":{"Pid":"77"}}"#), answer(#"{"Id":"3f9a","State":{"Pid":77.5}}"#),
      answer(#"{"Id":"3f9a","State":{"Pid":99999999999}}"#), answer(#"{"Id":"3f9a","State":[77]}"#),
      answer(#"{"Id":["3f9a"],"State":{"Pid":77}}"#), answer(#"{"Id":"3f9a","State":{"Pid":77}"#),
    ])
  func garbage(answer: String) throws {
    let fixture = try Fixture(.one)
    _ = try fixture.withEngine(answering: answer) {
      let error = #expect(throws: ContainerLookupError.self) { try fixture.lookup.processID(idPrefix: "3f9a") }
      guard case .engine = error else {
        Issue.record("not an error of the engine: \(String(describing: error))")
        return
      }
    }
  }

  @Test("where a socket is left that nobody listens on")
  func deadSocket() throws {
    let fixture = try Fixture(.one, mounts: "")
    do { _ = try LocalListener(path: fixture.socket) }
    let error = #expect(throws: ContainerLookupError.self) { try fixture.lookup.processID(idPrefix: "3f9a") }
    #expect(error == .noEngine(SystemError("connect", .connectionRefused, on: fixture.socket)))
  }

  @Test("where the socket's path is longer than an address has room for")
  func longSocketPath() throws {
    let fixture = try Fixture(.one, mounts: "")
    let path = "/" + String(repeating: "s", count: 200)
    let lookup = ContainerLookup(mountsFile: "\(fixture.directory.path)/mounts", engineSocket: path)
    let error = #expect(throws: ContainerLookupError.self) { try lookup.processID(idPrefix: "3f9a") }
    #expect(error == .noEngine(SystemError("connect", .fileNameTooLong, on: path)))
  }
}

/// What one thread leaves for another.
final class Received: Sendable {
  private let text = Mutex<String?>(nil)

  func store(_ value: String?) { text.withLock { $0 = value } }

  var value: String? { text.withLock { $0 } }
}

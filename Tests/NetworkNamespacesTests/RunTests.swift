import CLinux
import LinuxSystem
@testable import NetworkNamespaces
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite("Running in a namespace")
struct RunTests {
  private struct Refusal: Error, Equatable, SystemErrorConvertible {
    var cause: SystemError?
    init(_ error: SystemError) { cause = error }
    init() {}
  }

  @Test("goes there and comes home")
  func thereAndBack() throws {
    let home = try NetworkNamespace.current()
    let test = try TestNamespace()
    let inside = try test.namespace.run { () throws(SystemError) in try NetworkNamespace.current().identity }
    #expect(inside == test.namespace.identity)
    #expect(try NetworkNamespace.current().identity == home.identity)
  }

  @Test("a new namespace has the loopback interface, and it is down")
  func loopback() throws {
    let test = try TestNamespace()
    let interfaces = try test.namespace.run { () throws(SystemError) in
      String(decoding: try readFile("/proc/thread-self/net/dev"), as: UTF8.self)
        .split(separator: "\n").dropFirst(2).map { $0.drop { $0 == " " }.prefix { $0 != ":" } }
    }
    #expect(interfaces == ["lo"])
    let error = #expect(throws: SystemError.self) {
      try test.namespace.run { () throws(SystemError) in
        let socket = OwnedDescriptor(
          owning: try systemCall("socket") { CLinux.socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0) })
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        _ = try systemCall("connect") {
          withUnsafePointer(to: &address) {
            connect(
              socket.rawValue, __CONST_SOCKADDR_ARG(__sockaddr_in__: $0), socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
      }
    }
    #expect(error == SystemError("connect", .networkUnreachable))
  }

  @Test("comes home from a closure that throws, with its error")
  func throwing() throws {
    let home = try NetworkNamespace.current()
    let test = try TestNamespace()
    let error = #expect(throws: Refusal.self) {
      try test.namespace.run { () throws(Refusal) in throw Refusal() }
    }
    #expect(error == Refusal())
    #expect(try NetworkNamespace.current().identity == home.identity)
  }

  @Test("a namespace within a namespace comes home step by step")
  func nested() throws {
    let home = try NetworkNamespace.current().identity
    let (outer, inner) = (try TestNamespace(), try TestNamespace())
    let seen = try outer.namespace.run { () throws(SystemError) in
      let before = try NetworkNamespace.current().identity
      let within = try inner.namespace.run { () throws(SystemError) in try NetworkNamespace.current().identity }
      return [before, within, try NetworkNamespace.current().identity]
    }
    #expect(seen == [outer.namespace.identity, inner.namespace.identity, outer.namespace.identity])
    #expect(try NetworkNamespace.current().identity == home)
  }

  @Test("hands out what cannot be copied")
  func noncopyableResult() throws {
    let test = try TestNamespace()
    let inside = try test.namespace.run { () throws(SystemError) in try NetworkNamespace.current() }
    #expect(inside.identity == test.namespace.identity)
    let outside = try test.namespace.runOnThread { () throws(SystemError) in try NetworkNamespace.current() }
    #expect(outside.identity == test.namespace.identity)
  }

  @Test("with a handle that is not open is an error, in the closure's type, and the closure does not run")
  func closed() throws {
    let home = try NetworkNamespace.current()
    let none = NetworkNamespace.none
    var ran = false
    do throws(Refusal) {
      try none.run { () throws(Refusal) in ran = true }
      Issue.record("no error")
    } catch {
      #expect(error.cause == SystemError("setns", .badFileDescriptor))
    }
    #expect(!ran)
    #expect(try NetworkNamespace.current().identity == home.identity)
  }

  @Test("on a thread of its own leaves the caller's where it is")
  func runOnThread() throws {
    let home = try NetworkNamespace.current()
    let test = try TestNamespace()
    let caller = swiftcni_gettid()
    let seen = try test.namespace.runOnThread { () throws(SystemError) in
      (try NetworkNamespace.current().identity, swiftcni_gettid())
    }
    #expect(seen.0 == test.namespace.identity)
    #expect(seen.1 != caller)
    #expect(try NetworkNamespace.current().identity == home.identity)
    #expect(throws: Refusal()) { try test.namespace.runOnThread { () throws(Refusal) in throw Refusal() } }
    let none = NetworkNamespace.none
    let error = #expect(throws: SystemError.self) { try none.runOnThread { () throws(SystemError) in } }
    #expect(error == SystemError("setns", .badFileDescriptor))
  }

  @Test("hundreds of calls at once leave no thread in a wrong namespace")
  func concurrent() throws {
    let home = try NetworkNamespace.current().identity
    let namespaces = try (0..<8).map { _ in try TestNamespace() }
    let wrong = Mutex<[String]>([])
    try BackgroundThread.run(count: 32) { thread in
      for call in 0..<25 {
        let test = namespaces[(thread + call) % namespaces.count]
        do throws(SystemError) {
          let inside = try test.namespace.run { () throws(SystemError) in
            sched_yield()
            return try NetworkNamespace.current().identity
          }
          let after = try NetworkNamespace.current().identity
          if inside != test.namespace.identity || after != home { wrong.withLock { $0.append("\(thread).\(call)") } }
        } catch {
          wrong.withLock { $0.append("\(thread).\(call): \(error)") }
        }
      }
    }
    #expect(wrong.withLock { $0 } == [])
  }

  @Test("without the right to go there is an error, and the thread stays")
  func notPermitted() throws {
    let test = try TestNamespace()
    let outcome = try NetworkNamespace.current().runOnThread { () throws(SystemError) in
      try dropCapabilities()
      let home = try NetworkNamespace.current().identity
      do throws(SystemError) {
        try test.namespace.run { () throws(SystemError) in }
        return "no error"
      } catch {
        return try NetworkNamespace.current().identity == home ? error.description : "moved"
      }
    }
    #expect(outcome == "setns: operation not permitted")
  }

  @Test("a thread that cannot come home is never used again: the process ends with a message")
  func lostWayHome() async throws {
    let result = try await #require(
      processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
    ) {
      returnHome(to: -1)
    }
    #expect(
      String(decoding: result.standardErrorContent, as: UTF8.self).contains(
        "cannot bring the thread home to its network namespace: setns: bad file descriptor\n"))
  }
}

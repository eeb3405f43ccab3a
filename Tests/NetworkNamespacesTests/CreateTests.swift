import CLinux
import LinuxSystem
import NetworkNamespaces
import SystemPackage
import TestSupport
import Testing

@Suite("Creating")
struct CreateTests {
  @Test("a namespace leaves the caller where it was")
  func staysHome() throws {
    let before = try NetworkNamespace.current()
    let test = try TestNamespace()
    #expect(try NetworkNamespace.current().identity == before.identity)
    #expect(test.namespace.identity != before.identity)
  }

  @Test("gives another namespace each time")
  func distinct() throws {
    let tests = try (0..<8).map { _ in try TestNamespace() }
    #expect(Set(tests.map { $0.namespace.identity }).count == tests.count)
  }

  @Test("without the right to is an error, and the caller stays")
  func notPermitted() throws {
    let outcome = try NetworkNamespace.current().runOnThread { () throws(SystemError) in
      try dropCapabilities()
      let home = try NetworkNamespace.current().identity
      do throws(SystemError) {
        _ = try NetworkNamespace.new()
        return "no error"
      } catch {
        return try NetworkNamespace.current().identity == home ? error.description : "moved"
      }
    }
    #expect(outcome == "unshare: operation not permitted")
  }
}

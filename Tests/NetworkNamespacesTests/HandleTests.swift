import NetworkNamespaces
import TestSupport
import Testing

@Suite("A handle")
struct HandleTests {
  @Test("creating a namespace leaves the caller where it was")
  func createStaysHome() throws {
    let before = try NetworkNamespace.current()
    let created = try TestNamespace()
    #expect(try NetworkNamespace.current().identity == before.identity)
    #expect(created.namespace.identity != before.identity)
  }
}

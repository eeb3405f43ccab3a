import CLinux
import LinuxSystem
import NetworkNamespaces
import TestSupport
import Testing

@Suite("Together with ip netns")
struct InteroperationTests {
  private static let ip = "/usr/sbin/ip"

  /// Runs `ip`, or skips the test where there is none.
  private func ip(_ arguments: String...) throws -> Program.Outcome {
    guard access(Self.ip, X_OK) == 0 else { try skip("needs \(Self.ip): install iproute2") }
    return try Program(Self.ip, arguments).run()
  }

  @Test("a name that we give, ip lists, enters and deletes")
  func ours() throws {
    let test = try NamedTestNamespace()
    let list = try ip("netns", "list")
    #expect(list.text.split(separator: "\n").contains { $0.split(separator: " ").first == test.name[...] })

    let inode = try #require(test.namespace.identity?.inode)
    let inside = try ip("netns", "exec", test.name, "readlink", "/proc/self/ns/net")
    #expect(inside.text == "net:[\(inode)]\n", "\(inside)")

    #expect(try ip("netns", "delete", test.name).status == 0)
    let error = #expect(throws: SystemError.self) { _ = try NetworkNamespace.named(test.name) }
    #expect(error?.isNotFound == true)
  }

  @Test("a name that ip gives, we find, enter and delete")
  func theirs() throws {
    try Privileges.require(.systemAdministration)
    let name = uniqueTestName()
    let added = try ip("netns", "add", name)
    try #require(added.status == 0, "\(added)")
    defer { try? NetworkNamespace.delete(named: name) }

    let inside = try ip("netns", "exec", name, "readlink", "/proc/self/ns/net")
    let namespace = try NetworkNamespace.named(name)
    #expect(inside.text == "net:[\(namespace.identity?.inode ?? 0)]\n")
    let seen = try namespace.run { () throws(SystemError) in try NetworkNamespace.current().identity }
    #expect(seen == namespace.identity)

    #expect(throws: SystemError.self) { _ = try NetworkNamespace.new(named: name) }
    try NetworkNamespace.delete(named: name)
    #expect(try !ip("netns", "list").text.contains(name))
  }

  @Test("an anonymous namespace is reached by other programs through our descriptor")
  func anonymous() throws {
    let test = try TestNamespace()
    guard access("/usr/bin/nsenter", X_OK) == 0 else { try skip("needs /usr/bin/nsenter: install util-linux") }
    let inside = try Program("/usr/bin/nsenter", ["--net=\(test.path)", "readlink", "/proc/self/ns/net"]).run()
    #expect(inside.text == "net:[\(test.namespace.identity?.inode ?? 0)]\n", "\(inside)")
  }
}

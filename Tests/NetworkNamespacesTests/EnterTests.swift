import CLinux
import LinuxSystem
import NetworkNamespaces
import SystemPackage
import TestSupport
import Testing

/// Each test moves a thread that ends with it.
@Suite("Entering, to stay")
struct EnterTests {
  @Test("moves the calling thread and no other")
  func enter() throws {
    let test = try TestNamespace()
    let home = try NetworkNamespace.current()
    let seen = try home.runOnThread { () throws(SystemError) in
      try test.namespace.enter()
      return [try NetworkNamespace.current().identity, try NetworkNamespace.ofProcess(getpid()).identity]
    }
    #expect(seen == [test.namespace.identity, home.identity])
  }

  @Test("a handle that is not open is an error")
  func closed() {
    let error = #expect(throws: SystemError.self) { try NetworkNamespace.none.enter() }
    #expect(error == SystemError("setns", .badFileDescriptor))
  }

  @Test("a descriptor of the kind that is asked for, or of any", arguments: [NamespaceKind.network, []])
  func setNamespaceOfKind(kind: NamespaceKind) throws {
    let test = try TestNamespace()
    let seen = try NetworkNamespace.current().runOnThread { () throws(SystemError) in
      try setNamespace(test.namespace.fileDescriptor, kind)
      return try NetworkNamespace.current().identity
    }
    #expect(seen == test.namespace.identity)
  }

  @Test(
    "a descriptor of another kind is an error",
    arguments: [NamespaceKind.mount, .ipc, .uts, .user, .pid, .cgroup, .time])
  func setNamespaceOfOtherKind(kind: NamespaceKind) throws {
    let test = try TestNamespace()
    let error = #expect(throws: SystemError.self) { try setNamespace(test.namespace.fileDescriptor, kind) }
    #expect(error == SystemError("setns", .invalidArgument))
  }

  @Test("namespaces of other kinds, by their plain descriptors", arguments: [NamespaceKind.uts, .ipc, .cgroup, []])
  func otherKinds(kind: NamespaceKind) throws {
    let name = kind.isEmpty ? "uts" : kind.description
    let file = try OwnedDescriptor(opening: "/proc/self/ns/\(name)", O_RDONLY)
    try setNamespace(FileDescriptor(rawValue: file.rawValue), kind)
  }

  @Test("a file that is no namespace is an error")
  func noNamespace() throws {
    let file = try OwnedDescriptor(opening: "/dev/null", O_RDONLY)
    let error = #expect(throws: SystemError.self) { try setNamespace(FileDescriptor(rawValue: file.rawValue)) }
    #expect(error == SystemError("setns", .invalidArgument))
  }
}

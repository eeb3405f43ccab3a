import CLinux
import LinuxSystem
import NetworkNamespaces
import SystemPackage
import TestSupport
import Testing

@Suite("A handle")
struct HandleTests {
  @Test("on no namespace is not open and has no identity")
  func none() {
    let none = NetworkNamespace.none
    #expect(none.descriptor == -1)
    #expect(none.isOpen == false)
    #expect(none.identity == nil)
    #expect(none.description == "NS(none)")
    #expect(none.uniqueID == "NS(none)")
    let isSame = none.isSame(as: NetworkNamespace.none)
    #expect(isSame)
  }

  @Test("is open until it is closed, and may be closed twice")
  func close() throws {
    var namespace = try NetworkNamespace.current()
    let isSameAsNone = namespace.isSame(as: NetworkNamespace.none)
    #expect(namespace.isOpen == true)
    #expect(!isSameAsNone)
    namespace.close()
    #expect(namespace.isOpen == false)
    #expect(namespace.descriptor == -1)
    #expect(namespace.description == "NS(none)")
    namespace.close()
    #expect(namespace.isOpen == false)
  }

  @Test("to close one handle leaves another on the same namespace open")
  func closeOneOfTwo() throws {
    let test = try TestNamespace()
    var second = try NetworkNamespace(path: test.path)
    second.close()
    let third = try NetworkNamespace(path: test.path)
    #expect(third.identity == test.namespace.identity)
  }

  @Test("is the same as another one when device and inode are")
  func sameness() throws {
    let (first, second) = (try TestNamespace(), try TestNamespace())
    let again = try NetworkNamespace(path: first.path)
    let isSame = again.isSame(as: first.namespace)
    let isOther = again.isSame(as: second.namespace)
    #expect(isSame)
    #expect(!isOther)
    #expect(again.descriptor != first.namespace.descriptor)
    #expect(again.uniqueID == first.namespace.uniqueID)
  }

  @Test("prints what stat(2) says of it")
  func text() throws {
    let namespace = try NetworkNamespace.current()
    let status = try fileStatus("/proc/thread-self/ns/net")
    #expect(namespace.identity == NamespaceIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)))
    #expect(namespace.uniqueID == "NS(\(status.st_dev):\(status.st_ino))")
    #expect(namespace.description == "NS(\(namespace.descriptor): \(status.st_dev), \(status.st_ino))")
  }

  @Test("does not leak into programs that are executed")
  func closeOnExec() throws {
    let namespace = try NetworkNamespace.new()
    #expect(swiftcni_fcntl(namespace.descriptor, F_GETFD, 0) & FD_CLOEXEC != 0)
    #expect(namespace.fileDescriptor == FileDescriptor(rawValue: namespace.descriptor))
  }
}

import CLinux
import LinuxSystem
@testable import NetworkNamespaces
import SystemPackage
import TestSupport
import Testing

@Suite("Named namespaces")
struct NamedTests {
  @Test("are created, found and deleted by their names")
  func lifecycle() throws {
    let home = try NetworkNamespace.current().identity
    let test = try NamedTestNamespace()
    #expect(try NetworkNamespace.named(test.name).identity == test.namespace.identity)
    #expect(try NetworkNamespace(path: test.path).identity == test.namespace.identity)
    #expect(try NetworkNamespace.current().identity == home)

    try NetworkNamespace.delete(named: test.name)
    #expect(access(test.path, F_OK) == -1)
    let error = #expect(throws: SystemError.self) { _ = try NetworkNamespace.named(test.name) }
    #expect(error?.description == "open \"\(test.path)\": no such file or directory")
    // The handle keeps it alive without its name.
    #expect(try test.namespace.run { () throws(SystemError) in try NetworkNamespace.current().identity } != home)
  }

  @Test("live without any handle")
  func outliveHandles() throws {
    let name = uniqueTestName()
    let identity = try NetworkNamespace.new(named: name).identity
    defer { try? NetworkNamespace.delete(named: name) }
    #expect(try NetworkNamespace.named(name).identity == identity)
  }

  @Test("a name that is taken is refused, and stays what it is")
  func taken() throws {
    let test = try NamedTestNamespace()
    let home = try NetworkNamespace.current().identity
    let error = #expect(throws: SystemError.self) { _ = try NetworkNamespace.new(named: test.name) }
    #expect(error == SystemError("open", .fileExists, on: test.path))
    #expect(try NetworkNamespace.named(test.name).identity == test.namespace.identity)
    #expect(try NetworkNamespace.current().identity == home)
  }

  @Test("to delete a name that is not there is an error")
  func absent() {
    let name = uniqueTestName()
    let error = #expect(throws: SystemError.self) { try NetworkNamespace.delete(named: name) }
    #expect(error?.isNotFound == true)
    #expect(error?.subject?.hasSuffix("netns/\(name)") == true)
  }

  @Test("what is no file name is no name", arguments: ["", ".", "..", "a/b", "../escape", "/etc", "nul\0name"])
  func invalid(name: String) {
    let refusal = SystemError("name a network namespace", .invalidArgument, on: name)
    #expect(throws: refusal) { _ = try NetworkNamespace.new(named: name) }
    #expect(throws: refusal) { _ = try NetworkNamespace.named(name) }
    #expect(throws: refusal) { try NetworkNamespace.delete(named: name) }
  }

  @Test("a name may have 255 bytes and no more")
  func length() throws {
    let named = try TemporaryNames()
    let longest = String(repeating: "n", count: 255)
    let created = try named.names.create(longest)
    #expect(try named.names.open(longest).identity == created.identity)
    try named.names.delete(longest)
    #expect(throws: SystemError("name a network namespace", .fileNameTooLong, on: longest + "n")) {
      _ = try named.names.create(longest + "n")
    }
  }

  @Test("a failure leaves neither a file nor a mount")
  func failure() throws {
    let named = try TemporaryNames()
    // A handle on nothing cannot be mounted: the last step fails.
    let error = #expect(throws: SystemError.self) { try named.names.attach(NetworkNamespace.none, as: "blue") }
    #expect(error == SystemError("mount", .noSuchFileOrDirectory, on: "\(named.path)/blue"))
    #expect(try namesInDirectory(named.path) == [])
    #expect(try named.mounts().count == 1, "the directory on itself")
    // So the name is free.
    _ = try named.names.create("blue")
    try named.names.delete("blue")
  }

  @Test("without the right to, nothing is left")
  func notPermitted() throws {
    let directory = try TemporaryDirectory()
    let names = NamedNamespaces(directories: ["\(directory.path)/netns"])
    let error = try NetworkNamespace.current().runOnThread { () throws(SystemError) in
      try dropCapabilities()
      do throws(SystemError) {
        _ = try names.create("blue")
        return nil as SystemError?
      } catch {
        return error
      }
    }
    #expect(error == SystemError("unshare", .notPermitted))
    #expect(try namesInDirectory(directory.path) == [])
  }

  @Test("the directory becomes one mount that is shared, however many create at once")
  func sharedOnce() throws {
    let named = try TemporaryNames()
    let names = named.names
    try BackgroundThread.run(count: 16) { index in _ = try? names.create("n\(index)") }
    #expect(try namesInDirectory(named.path).count == 16)
    let mounts = try named.mounts()
    #expect(mounts.filter { $0.point == named.path }.count == 1)
    #expect(mounts.count == 17)
    #expect(mounts.allSatisfy { $0.isShared })
    for index in 0..<16 { try names.delete("n\(index)") }
    #expect(try named.mounts().count == 1)
    #expect(try namesInDirectory(named.path) == [])
  }

  @Test("whoever else prepares the directory is waited for, under the lock of ip netns add")
  func waitsForLock() throws {
    let named = try TemporaryNames()
    try makeDirectories(named.path, mode: 0o755)
    let directory = try OwnedDescriptor(opening: named.path, O_RDONLY | O_DIRECTORY)
    try #require(flock(directory.rawValue, LOCK_EX) == 0)
    let names = named.names
    let thread = try BackgroundThread { _ = try? names.create("blue") }
    let inode = try FileIdentity(of: directory.rawValue).inode
    // "7: -> FLOCK ADVISORY WRITE 42 fe:00:1234 0 EOF": the kernel's list of those who wait.
    var isWaiting = false
    for _ in 0..<1000 where !isWaiting {
      isWaiting = String(decoding: try readFile("/proc/locks"), as: UTF8.self).split(separator: "\n")
        .contains { $0.contains("-> FLOCK") && $0.contains(":\(inode) ") }
      if !isWaiting { usleep(10_000) }
    }
    #expect(isWaiting)
    #expect(try namesInDirectory(named.path) == [])
    _ = flock(directory.rawValue, LOCK_UN)
    thread.join()
    #expect(try namesInDirectory(named.path) == ["blue"])
  }

  @Test("the file that a dead creator left, a link, and a name that was mounted twice are deleted too")
  func leftovers() throws {
    let named = try TemporaryNames()
    let path = "\(named.path)/blue"
    try makeDirectories(named.path, mode: 0o755)

    _ = try OwnedDescriptor(opening: path, O_RDONLY | O_CREAT | O_EXCL)
    try named.names.delete("blue")
    #expect(access(path, F_OK) == -1)

    let test = try TestNamespace()
    try #require(symlink(test.path, path) == 0)
    #expect(try named.names.open("blue").identity == test.namespace.identity)
    try named.names.delete("blue")
    #expect(access(path, F_OK) == -1)
    #expect(try NetworkNamespace(path: test.path).identity == test.namespace.identity)

    _ = try named.names.create("blue")
    try #require(mount(test.path, path, "none", UInt(MS_BIND), nil) == 0)
    try named.names.delete("blue")
    #expect(access(path, F_OK) == -1)
  }

  @Test("are looked up in the first directory that has them, and created in the first that there is")
  func directories() throws {
    let directory = try TemporaryDirectory()
    let (first, second) = ("\(directory.path)/first", "\(directory.path)/second")
    let names = NamedNamespaces(directories: [first, second])
    #expect(names.path(of: "blue") == "\(first)/blue", "neither is there")
    try makeDirectories(second, mode: 0o755)
    #expect(names.path(of: "blue") == "\(second)/blue", "only the second is there")
    try directory.write("", to: "second/blue")
    try makeDirectories(first, mode: 0o755)
    #expect(names.path(of: "blue") == "\(second)/blue", "the name is in the second")
    #expect(names.path(of: "green") == "\(first)/green", "the name is in neither")
    try directory.write("", to: "first/blue")
    #expect(names.path(of: "blue") == "\(first)/blue", "the name is in both")
    #expect(NamedNamespaces().directories == ["/run/netns", "/var/run/netns"])
  }
}

/// A directory of named namespaces for one test.
private struct TemporaryNames {
  let directory: TemporaryDirectory
  let path: String
  let names: NamedNamespaces

  init() throws {
    try Privileges.require(.systemAdministration)
    directory = try TemporaryDirectory()
    path = "\(directory.path)/netns"
    names = NamedNamespaces(directories: [path])
  }

  /// What is mounted on the directory and below.
  func mounts() throws -> [(point: Substring, isShared: Bool)] {
    // "36 35 98:0 /root /mount/point options shared:1 - type source options"
    String(decoding: try readFile("/proc/thread-self/mountinfo"), as: UTF8.self).split(separator: "\n").compactMap {
      let fields = $0.split(separator: " ")
      guard fields.count > 6, fields[4].hasPrefix(path) else { return nil }
      return (fields[4], fields[6].hasPrefix("shared:"))
    }
  }
}

import LinuxSystem
import NetworkNamespaces
import SystemPackage
import TestSupport
import Testing

/// In processes of their own: other tests open files too.
@Suite("Descriptors")
struct LeakTests {
  @Test("none is left over by anything that succeeds or fails")
  func noLeak() async {
    await #expect(processExitsWith: .success) {
      try exerciseEverything()
      let before = try openDescriptorCount()
      for _ in 0..<50 { try exerciseEverything() }
      try #require(try openDescriptorCount() == before)
    }
  }

  @Test("the count notices one that is left open")
  func countNotices() async {
    await #expect(processExitsWith: .success) {
      let before = try openDescriptorCount()
      let namespace = try NetworkNamespace.current()
      try #require(try openDescriptorCount() == before + 1)
      _ = consume namespace
      try #require(try openDescriptorCount() == before)
    }
  }
}

/// Each operation once, and each of its ways to fail.
private func exerciseEverything() throws {
  var namespace = try NetworkNamespace.new()
  try namespace.run { () throws(SystemError) in _ = try NetworkNamespace.current() }
  try namespace.runOnThread { () throws(SystemError) in _ = try NetworkNamespace.current() }
  try? namespace.run { () throws(SystemError) in throw SystemError("stop", .canceled) }
  try? NetworkNamespace.none.run { () throws(SystemError) in }
  for path in ["/proc/self/ns/net", "/proc/self/ns/mnt", "/proc/self/status", "/tmp", "/nowhere"] {
    _ = try? NetworkNamespace(path: path)
  }
  namespace.close()
  let name = uniqueTestName()
  _ = try NetworkNamespace.new(named: name)
  _ = try? NetworkNamespace.new(named: name)
  _ = try NetworkNamespace.named(name)
  try NetworkNamespace.delete(named: name)
  try? NetworkNamespace.delete(named: name)
  _ = try? NetworkNamespace.ofContainer(idPrefix: "00000000000000000000000000000000")
}

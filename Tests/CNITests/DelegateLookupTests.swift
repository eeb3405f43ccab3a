@testable import CNI
import CLinux
import LinuxSystem
import NetworkAddresses
import TestSupport
import Testing

@Suite("Looking for a delegate")
struct DelegateLookupTests {
  private func refusal(_ type: String, _ path: String) -> String? {
    do throws(PluginError) {
      _ = try PluginFile(type, in: path)
      return nil
    } catch {
      return error.message
    }
  }

  @Test("says what is wrong with the name or the path")
  func errors() throws {
    let directory = try TemporaryDirectory()
    #expect(refusal("", directory.path) == "no plugin name provided")
    #expect(refusal("../x", directory.path) == "invalid plugin name: ../x")
    #expect(refusal("/bin/sh", directory.path) == "invalid plugin name: /bin/sh")
    #expect(refusal("x", "") == "no paths provided")
    #expect(
      refusal("x", "/nowhere:\(directory.path)") == "failed to find plugin \"x\" in path [/nowhere \(directory.path)]")
    #expect(refusal("..", directory.path)?.hasPrefix("failed to find plugin") == true)
    #expect(refusal("a\0b", directory.path)?.hasPrefix("failed to find plugin") == true)
  }

  @Test("takes the first regular file, executable or not, and follows links")
  func first() throws {
    let directories = [try TemporaryDirectory(), try TemporaryDirectory(), try TemporaryDirectory()]
    let path = directories.map { $0.path }.joined(separator: ":")
    // A directory of that name is no plugin.
    try makeDirectories("\(directories[0].path)/x", mode: 0o755)
    try directories[1].script("y", "", mode: 0o644)
    _ = try systemCall("symlink") { symlink("y", "\(directories[1].path)/x") }
    try directories[2].script("x", "")
    #expect(try PluginFile("x", in: path).path == "\(directories[1].path)/x")
    #expect(try PluginFile("x", in: "::\(directories[2].path)").path == "\(directories[2].path)/x")
  }

  @Test("knows this executable, by whatever name")
  func ownExecutable() throws {
    let directory = try TemporaryDirectory()
    try directory.link("host-local")
    try directory.script("other", "")
    #expect(try PluginFile("host-local", in: directory.path).isOwnExecutable)
    #expect(try !PluginFile("other", in: directory.path).isOwnExecutable)
  }

  @Test("finds a plugin of this executable only where it has that name")
  func table() throws {
    let directory = try TemporaryDirectory()
    try directory.link("host-local")
    try directory.link("unknown")
    let isOwn: @Sendable (String) -> @Sendable (Call) throws(PluginError) -> Bool = { type in
      { call throws(PluginError) in
        if case .ownExecutable = try Delegate.find(type, for: call) { true } else { false }
      }
    }
    let variables = variables("ADD", ["CNI_PATH": directory.path])
    let others = [FakePlugin(name: "host-local")]
    #expect(try inCall(variables, others: others, isOwn("host-local")))
    #expect(try !inCall(variables, others: others, isOwn("unknown")))
  }
}

import Testing

/// What of the loopback plugin can be decided without a namespace.
@Suite("The loopback plugin")
struct LoopbackTests {
  let plugin: PluginCaller

  init() throws { plugin = try PluginCaller("loopback") }

  @Test("DEL is done where the namespace is gone; ADD and CHECK are not")
  func noNamespace() throws {
    #expect(try plugin.call("DEL").status == 0)
    for command in ["ADD", "CHECK"] {
      let answer = try plugin.call(command)
      #expect(answer.code == 8)
      #expect(answer.message?.hasSuffix("no such file or directory") == true)
    }
  }

  @Test("There is nothing that could be lacking or left over", arguments: ["STATUS", "GC"])
  func nothingKept(_ command: String) throws {
    let answer = try plugin.call(command)
    #expect(answer.status == 0)
    #expect(answer.json == nil)
  }
}

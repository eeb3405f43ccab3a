import CNI
import Testing

@Suite("Introduction")
struct IntroductionTests {
  @Test("VERSION needs nothing and reads nothing", arguments: [nil, "", "garbage"] as [String?])
  func version(input: String?) {
    let outcome = call(["CNI_COMMAND": "VERSION"], input.map { Array($0.utf8) })
    #expect(outcome.status == 0)
    #expect(outcome.reads == 0)
    #expect(
      outcome.text
        == #"{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}"#
        + "\n")
  }

  @Test("VERSION takes what libcni's probe sends")
  func probe() {
    let variables = [
      "CNI_COMMAND": "VERSION", "CNI_NETNS": "dummy", "CNI_IFNAME": "dummy", "CNI_PATH": "dummy", "CNI_ARGS": "",
      "CNI_CONTAINERID": "",
    ]
    #expect(call(variables, #"{"cniVersion":"1.1.0"}"#).status == 0)
  }

  @Test("VERSION tells what the plugin speaks")
  func fewer() {
    let outcome = call(["CNI_COMMAND": "VERSION"], nil, [FakePlugin(supportedVersions: [.v0_4_0, .v1_0_0, .v1_1_0])])
    #expect(outcome.text == #"{"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0","1.1.0"]}"# + "\n")
  }

  @Test("without a command a plugin introduces itself on stderr", arguments: [[:], ["CNI_COMMAND": ""]])
  func about(variables: [String: String]) {
    let outcome = call(variables, nil)
    #expect(outcome.status == 0)
    #expect(outcome.reads == 0)
    #expect(outcome.writes == 0)
    #expect(
      outcome.log == """
        CNI fake plugin swift-cni 1.2.3
        CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0

        """)
  }

  @Test("the last part of the path is the plugin's name", arguments: ["fake", "./fake", "/opt/cni/bin/fake"])
  func invocation(path: String) {
    #expect(call(invocation: path).status == 0)
  }

  @Test(
    "a name that no plugin has is an error that tells those that there are",
    arguments: ["swift-cni", "/bin/brigde", "", "/"])
  func unknown(path: String) throws {
    let plugins = [FakePlugin(name: "bridge"), FakePlugin(name: "loopback")]
    let name = path == "/bin/brigde" ? "brigde" : path == "/" ? "" : path
    for command in ["ADD", "VERSION", "NOPE"] {
      let outcome = call(variables(command), configuration(), plugins, invocation: path)
      #expect(outcome.status == 1)
      #expect(
        try outcome.error()
          == PluginError(.invalidEnvironment, "there is no plugin \"\(name)\"", details: "there are bridge, loopback"))
    }
    let outcome = call([:], nil, plugins, invocation: path)
    #expect(outcome.status == 1)
    #expect(outcome.writes == 0)
    #expect(outcome.log.contains("there is no plugin \"\(name)\""))
    #expect(outcome.log.contains("bridge, loopback"))
  }
}

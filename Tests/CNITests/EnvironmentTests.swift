import CNI
import JSON
import Testing

@Suite("Environment")
struct EnvironmentTests {
  /// What each command needs, in the order of the specification's table.
  static let required = [
    "ADD": ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"],
    "CHECK": ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"],
    "DEL": ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"],
    "GC": ["CNI_PATH"],
    "STATUS": ["CNI_PATH"],
    "VERSION": [],
  ]
  static let optional = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "CNI_PATH"]

  @Test("what a command needs must be there, and nothing else", arguments: required.keys.sorted())
  func table(command: String) throws {
    let required = try #require(Self.required[command])
    for name in Self.optional {
      for absence in [nil, ""] as [String?] {
        let outcome = call(variables(command, [name: absence]))
        if required.contains(name) {
          #expect(outcome.status == 1)
          #expect(try outcome.error() == PluginError(.invalidEnvironment, "required env variables [\(name)] missing"))
        } else {
          #expect(outcome.status == 0, "\(command) without \(name): \(outcome.text)")
        }
      }
    }
  }

  @Test("all that are missing are said together", arguments: required.keys.sorted())
  func together(command: String) throws {
    let required = try #require(Self.required[command])
    let outcome = call(["CNI_COMMAND": command])
    if required.isEmpty {
      #expect(outcome.status == 0)
    } else {
      let list = required.joined(separator: ",")
      #expect(try outcome.error() == PluginError(.invalidEnvironment, "required env variables [\(list)] missing"))
    }
    #expect(outcome.reads == 0)
  }

  @Test(
    "a container ID is letters, digits, '_', '.' and '-', after a letter or digit",
    arguments: ["-a", ".a", "_a", "a b", "a/b", "..", "a\n", "ab\r\n", "ä", "a\u{e9}", "a:b", "a%", "a\u{fffd}"])
  func containerID(name: String) throws {
    for command in ["ADD", "DEL", "CHECK"] {
      let outcome = call(variables(command, ["CNI_CONTAINERID": name]))
      #expect(
        try outcome.error() == PluginError(.invalidEnvironment, "invalid characters in containerID", details: name))
    }
    for command in ["GC", "STATUS", "VERSION"] {
      #expect(call(variables(command, ["CNI_CONTAINERID": name])).status == 0)
    }
  }

  @Test("good container IDs", arguments: ["a", "0", "A-b_c.d", "a..", String(repeating: "f", count: 64)])
  func goodContainerID(name: String) {
    #expect(call(variables("ADD", ["CNI_CONTAINERID": name])).status == 0)
  }

  @Test(
    "an interface name is one that the kernel takes",
    arguments: zip(
      [
        "sixteenletters16", "ääääääää", ".", "..", "a/b", "a:b", "a b", "a\tb", "a\nb", "a\u{b}b", "a\u{c}b", "a\rb",
        "a\u{85}b", "a\u{a0}b", "a\u{2003}b", "a\r\nb",
      ],
      [
        ("interface name is too long", "interface name should be less than 16 characters"),
        ("interface name is too long", "interface name should be less than 16 characters"),
        ("interface name is . or ..", nil), ("interface name is . or ..", nil),
      ] + Array(repeating: ("interface name contains / or : or whitespace characters", nil), count: 12)
        as [(String, String?)]))
  func interfaceName(name: String, error: (message: String, details: String?)) throws {
    for command in ["ADD", "DEL", "CHECK"] {
      let outcome = call(variables(command, ["CNI_IFNAME": name]))
      #expect(
        try outcome.error() == PluginError(.invalidEnvironment, error.message, details: error.details))
    }
    #expect(call(variables("STATUS", ["CNI_IFNAME": name])).status == 0)
  }

  @Test("an interface name that would become another one is refused", arguments: ["eth%d", "a%b", "\u{fffd}"])
  func interfaceNameThatChanges(name: String) throws {
    let outcome = call(variables("ADD", ["CNI_IFNAME": name]))
    #expect(try outcome.error().code == .invalidEnvironment)
  }

  @Test("good interface names", arguments: ["a", "fifteenletters1", "eth0.100", "...", "ä"])
  func goodInterfaceName(name: String) {
    #expect(call(variables("ADD", ["CNI_IFNAME": name])).status == 0)
  }

  @Test("a wrong value comes before missing ones, and the first wrong one before others")
  func order() throws {
    let wrongAndMissing = call(variables("ADD", ["CNI_NETNS": nil, "CNI_IFNAME": "a/b"]))
    #expect(try wrongAndMissing.error().message == "interface name contains / or : or whitespace characters")
    let twoWrong = call(variables("ADD", ["CNI_CONTAINERID": "a/b", "CNI_IFNAME": "a/b"]))
    #expect(try twoWrong.error().message == "invalid characters in containerID")
  }

  @Test("names that would not fit a file name are refused before the work")
  func lengths() throws {
    let longest = String(repeating: "n", count: 255)
    let plugin = FakePlugin()
    let tooLong = call(variables("ADD", ["CNI_CONTAINERID": longest + "n"]), configuration(), [plugin])
    #expect(try tooLong.error().message == "containerID is too long")
    #expect(try tooLong.error().code == .invalidEnvironment)

    let name = call(variables("STATUS"), #"{"cniVersion": "1.1.0", "name": "\#(longest)n"}"#, [plugin])
    #expect(
      try name.error()
        == PluginError(
          .invalidConfiguration, "network name is too long", details: "a network name has at most 255 bytes"))

    // "blue-" and "-eth0" are ten.
    let joined = call(
      variables("ADD", ["CNI_CONTAINERID": String(repeating: "n", count: 246)]), configuration(), [plugin])
    #expect(try joined.error().details == "joined by dashes they have at most 255 bytes")
    #expect(plugin.log.commands.isEmpty)

    let fitting = call(
      variables("ADD", ["CNI_CONTAINERID": String(repeating: "n", count: 245)]), configuration(), [plugin])
    #expect(fitting.status == 0)
  }

  @Test("a plugin gets every variable as it is")
  func handedOver() throws {
    let log = CallLog()
    for command in ["ADD", "DEL", "CHECK", "GC"] {
      let outcome = call(
        variables(command, ["CNI_ARGS": "some;extra;args", "CNI_PATH": "/a::/b"]), configuration(),
        [FakePlugin(log: log)])
      #expect(outcome.status == 0)
    }
    #expect(log.commands == [.add, .delete, .check, .collectGarbage])
    for call in log.all {
      #expect(call.containerID == "container-1")
      #expect(call.namespacePath == "/nowhere/netns")
      #expect(call.interfaceName == "eth0")
      #expect(call.arguments == "some;extra;args")
      #expect(call.pluginPath == "/a::/b")
      #expect(call.input == Array(configuration().utf8))
      #expect(call.networkName == "blue")
      #expect(call.version == .v1_1_0)
      #expect(call.attachment == Attachment(network: "blue", containerID: "container-1", interfaceName: "eth0"))
      #expect(try call.configuration.value("type", as: String.self) == "fake")
    }
  }

  @Test("the first of two variables of a name counts, a longer name does not")
  func lookup() {
    let environment = Environment([("CNI_PATHS", "no"), ("CNI_PATH", "first"), ("CNI_PATH", "second"), ("EMPTY", "")])
    #expect(environment["CNI_PATH"] == "first")
    #expect(environment["CNI_PAT"] == "")
    #expect(environment["EMPTY"] == "")
  }
}

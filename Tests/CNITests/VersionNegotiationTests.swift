@testable import CNI
import JSON
import Testing

@Suite("Versions")
struct VersionNegotiationTests {
  @Test("each released version is answered in itself", arguments: SpecVersion.allCases)
  func each(version: SpecVersion) throws {
    let outcome = call(variables(), configuration(version.rawValue))
    #expect(outcome.status == 0)
    #expect(try JSONValue(parsing: outcome.output).value("cniVersion", as: String.self) == version.rawValue)
  }

  @Test(
    "no version is 0.1.0",
    arguments: [#"{"name": "blue"}"#, configuration(""), #"{"name": "blue", "cniVersion": null}"#])
  func absent(input: String) {
    #expect(call(variables(), input).text.contains(#""cniVersion": "0.1.0""#))
  }

  @Test(
    "the text must be equal",
    arguments: ["0.1", "1.1", "1.0.5", "1.2.0", "9.9.9", "abc", "v1.0.0", " 1.0.0", "1.1.0-rc1"])
  func unequal(version: String) throws {
    for command in ["ADD", "DEL"] {
      #expect(
        try call(variables(command), configuration(version)).error()
          == PluginError(
            .incompatibleVersion, "incompatible CNI versions",
            details: "config is \"\(version)\", plugin supports "
              + #"["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]"#))
    }
  }

  @Test("a plugin may speak less than all")
  func supported() throws {
    let plugin = FakePlugin(supportedVersions: [.v1_0_0, .v1_1_0])
    #expect(
      try call(variables(), #"{"name": "blue"}"#, [plugin]).error().details
        == #"config is "0.1.0", plugin supports ["1.0.0" "1.1.0"]"#)
    #expect(plugin.log.commands.isEmpty)
  }

  @Test(
    "a command needs a version that knows it",
    arguments: [
      ("CHECK", "0.3.0"), ("CHECK", "0.3.1"), ("CHECK", ""), ("GC", "1.0.0"), ("STATUS", "1.0.0"), ("STATUS", "0.4"),
    ])
  func gates(command: String, version: String) throws {
    #expect(
      try call(variables(command), configuration(version)).error()
        == PluginError(.incompatibleVersion, "config version does not allow \(command)"))
  }

  @Test(
    "a command needs a plugin that is new enough",
    arguments: [("CHECK", "1.2.0"), ("GC", "2.0.0"), ("STATUS", "1.1.1"), ("CHECK", "1.1.1")])
  func newer(command: String, version: String) throws {
    #expect(
      try call(variables(command), configuration(version)).error()
        == PluginError(.incompatibleVersion, "plugin version does not allow \(command)"))
  }

  @Test("an old plugin does not allow a new command")
  func oldPlugin() throws {
    let plugin = FakePlugin(supportedVersions: [.v0_3_0])
    #expect(
      try call(variables("CHECK"), configuration("0.4.0"), [plugin]).error().message
        == "plugin version does not allow CHECK")
  }

  @Test("between two released versions is none")
  func between() throws {
    #expect(try call(variables("CHECK"), configuration("1.0.5")).error().message == "incompatible CNI versions")
  }

  @Test(
    "what is no number is an error of decoding where numbers are compared",
    arguments: [
      ("bad", #"failed to convert major version part "bad": strconv.Atoi: parsing "bad": invalid syntax"#),
      ("asdf.", #"failed to convert major version part "asdf": strconv.Atoi: parsing "asdf": invalid syntax"#),
      (".asdfas", #"failed to convert major version part "": strconv.Atoi: parsing "": invalid syntax"#),
      ("0.", #"failed to convert minor version part "": strconv.Atoi: parsing "": invalid syntax"#),
      ("..", #"failed to convert major version part "": strconv.Atoi: parsing "": invalid syntax"#),
      ("1.x.0", #"failed to convert minor version part "x": strconv.Atoi: parsing "x": invalid syntax"#),
      ("1.1.0-rc1", #"failed to convert micro version part "0-rc1": strconv.Atoi: parsing "0-rc1": invalid syntax"#),
      ("1.2.3.4.5", #"invalid version "1.2.3.4.5": too many parts"#),
      (
        "99999999999999999999",
        #"failed to convert major version part "99999999999999999999": strconv.Atoi: "#
          + #"parsing "99999999999999999999": value out of range"#
      ),
    ])
  func noNumber(version: String, message: String) throws {
    for command in ["CHECK", "GC", "STATUS"] {
      #expect(try call(variables(command), configuration(version)).error() == PluginError(.decoding, message))
    }
  }

  @Test("numbers compare part by part, missing parts being zero")
  func comparison() throws {
    let ascending = ["", "0.2", "0.3.0", "0.3.1", "0.10", "1", "1.0.5", "1.1"]
    let numbers = try ascending.map { try VersionNumber(parsing: $0) }
    for index in 1..<numbers.count { #expect(numbers[index - 1] < numbers[index], "\(ascending[index])") }
    #expect(try VersionNumber(parsing: "1") == VersionNumber(.v1_0_0))
    #expect(SpecVersion.allCases == SpecVersion.allCases.sorted())
    for version in SpecVersion.allCases {
      #expect(try VersionNumber(parsing: version.rawValue) == VersionNumber(version))
    }
  }
}

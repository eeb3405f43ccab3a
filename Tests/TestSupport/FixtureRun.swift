internal import Foundation
internal import LinuxSystem
internal import Testing

/// Runs one case in a host of its own, and records each difference from what is expected as an issue of the current
/// test.
///
/// With `UPDATE_GOLDEN` in the environment, what is printed becomes what is expected.
package struct FixtureRun {
  private let fixture: Fixture
  private let plugins: PluginDirectory
  private let host: Host
  private let containers: [Container]
  private let updating = Peers.variable("UPDATE_GOLDEN") != nil

  /// The result of the last ADD that succeeded, which a runtime hands to the calls that follow.
  private var previousResult: [UInt8]?

  package init(_ fixture: Fixture, with plugins: PluginDirectory = Peers.plugins) throws {
    self.fixture = fixture
    self.plugins = plugins
    host = try Host()
    containers = try [host.makeContainer("c1"), host.makeContainer("c2")]
  }

  /// Goes through the steps of the case.
  package mutating func run() throws {
    if fixture.text("setup") != nil { try runScript("setup") }
    let before = try Snapshot(of: host, containers)
    for step in try fixture.steps(asReference: plugins.isReference) {
      switch step {
      case .script(let name):
        try runScript(fixture.judged(name, asReference: plugins.isReference) ?? name)
      case .call(let call):
        try compare(call, try make(call))
      case .nothingLeft:
        try expectNothingLeft(since: before)
      }
    }
  }

  private mutating func make(_ call: FixtureCall) throws -> Program.Outcome {
    var configuration = try fixture.configuration(call.configuration)
    let version = try fixture.configurationVersion() ?? ""
    let takesResult = call.command == "CHECK" || call.command == "DEL" && version >= "0.4.0"
    if let previousResult, call.withPreviousResult, takesResult {
      configuration = inserting(previousResult, into: configuration)
    }
    let environment = fixture.environment.merging(call.environment) { $1 }
    let outcome = try PluginCall(
      call.command, call.plugin ?? fixture.plugin, configuration, environment: environment, in: plugins
    ).run(in: host)
    if call.command == "ADD", outcome.status == 0 { previousResult = outcome.output }
    return outcome
  }

  /// Puts a previous result into a configuration as a runtime does; the last of two equal keys counts.
  private func inserting(_ result: [UInt8], into configuration: [UInt8]) -> [UInt8] {
    guard let end = configuration.lastIndex(of: UInt8(ascii: "}")) else { return configuration }
    return configuration[..<end] + Array(#", "prevResult": "#.utf8) + result + configuration[end...]
  }

  private func compare(_ call: FixtureCall, _ outcome: Program.Outcome) throws {
    let step = "\(fixture): \(call.command) \(call.expected)"
    if call.expected == "nothing" {
      if outcome.status != 0 || !outcome.output.isEmpty {
        Issue.record("\(step): expected success and no output, got \(outcome)")
      }
      return
    }
    if call.expected == "crash" {
      if outcome.status < 2 || !outcome.output.isEmpty { Issue.record("\(step): expected a crash, got \(outcome)") }
      return
    }
    let printed = placeholders(outcome.text)
    if updating { return try update(call.expected, printed, outcome.status) }
    guard let name = fixture.judged(call.expected, asReference: plugins.isReference), let expected = fixture.text(name)
    else {
      Issue.record("\(step): there is no such file; UPDATE_GOLDEN=1 writes it. Printed was: \(outcome)")
      return
    }
    let status = kind(name)
    guard outcome.status == status, same(printed, expected, exactly: name.contains(".reference.")) else {
      Issue.record(
        "\(step): expected exit status \(status) and\n\(expected)\ngot \(outcome)\nwhich is compared as\n\(printed)")
      return
    }
    // A difference that is documented must be one.
    if let ours = fixture.judged(call.expected, asReference: false), ours != name, let text = fixture.text(ours),
      outcome.status == kind(ours), same(printed, text, exactly: false)
    {
      Issue.record("\(step): \(name) documents a difference from \(ours), but there is none")
    }
  }

  /// Whether the text that was printed is the expected one. The reference prints error objects without `cniVersion`,
  /// the code 999 where ours is a more telling one, and often no details: general differences that need no file each.
  private func same(_ printed: String, _ expected: String, exactly: Bool) -> Bool {
    if printed.trimmingCharacters(in: .newlines) == expected.trimmingCharacters(in: .newlines) { return true }
    guard plugins.isReference, !exactly, let one = ErrorObject(printed), let other = ErrorObject(expected) else {
      return false
    }
    return one.msg == other.msg && (one.details ?? other.details) == other.details
      && (one.code == other.code || one.code == 999)
  }

  private struct ErrorObject: Decodable {
    let code: Int
    let msg: String
    let details: String?

    init?(_ text: String) {
      guard let object = try? JSONDecoder().decode(ErrorObject.self, from: Data(text.utf8)) else { return nil }
      self = object
    }
  }

  /// Writes down what was printed: as what is expected, or for the reference, where that differs, beside it.
  private func update(_ expected: String, _ printed: String, _ status: Int32) throws {
    let isReference = plugins.isReference
    let name = versioned(expected)
    let ours = fixture.judged(name, asReference: false)
    if isReference, let ours, let text = fixture.text(ours), kind(ours) == status, same(printed, text, exactly: false) {
      return
    }
    // Where a case without steps of its own ends the other way, its expectation has another name.
    let outcome = status == 0 ? "result.json" : "error.json"
    let turned = fixture.judged("steps", asReference: isReference) == nil && kind(expected) != status
    switch (isReference, turned) {
    case (false, false): try write(printed, to: name)
    case (false, true):
      try write(printed, to: versioned(outcome))
      _ = try removeFile("\(fixture.directory)/\(name)")
    case (true, false): try write(printed, to: reference(ours ?? name))
    case (true, true):
      try write(printed, to: reference(outcome))
      try write("ADD -> \(reference(outcome))", to: "steps.reference")
    }
  }

  private func write(_ text: String, to name: String) throws {
    try (text.trimmingCharacters(in: .newlines) + "\n").write(
      toFile: "\(fixture.directory)/\(name)", atomically: true, encoding: .utf8)
  }

  /// The exit status that belongs to an expectation.
  private func kind(_ name: String) -> Int32 { name.hasPrefix("error") ? 1 : 0 }

  private func reference(_ name: String) -> String {
    name.contains(".reference.") ? name : name.replacing(".json", with: ".reference.json")
  }

  /// The name of an expectation in a case for every version: with the version since which a result has its shape.
  private func versioned(_ name: String) -> String {
    guard let version = fixture.version, name.hasPrefix("result") else { return name }
    let shape = ["1.0.0", "0.3.0", "0.1.0"].first { version >= $0 } ?? version
    return "result-\(shape).json"
  }

  /// What is printed with a mark in place of everything that varies: hardware addresses and names that were not given,
  /// times, the directory of the plugins, and the version in a case for every version.
  private func placeholders(_ text: String) -> String {
    var given = fixture.text("config.json") ?? ""
    given += fixture.text("environment") ?? ""
    var text = text.replacing(plugins.path, with: "<plugins>")
    if let version = fixture.version {
      text = text.replacing("\"cniVersion\": \"\(version)\"", with: "\"cniVersion\": \"\(Fixture.versionMark)\"")
    }
    return marking(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/, as: "<mac>", in: text) {
      $0 == "00:00:00:00:00:00" || given.contains($0)
    }
    .replacing(/\bveth[0-9a-f]{8}\b/, with: "<veth>")
    .replacing(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "<time>")
  }

  private func marking(
    _ pattern: some RegexComponent<Substring>, as mark: String, in text: String, unless isGiven: (Substring) -> Bool
  ) -> String {
    text.replacing(pattern) { isGiven($0.output) ? String($0.output) : mark }
  }

  /// What the reference leaves behind when it fails is its own affair: a general difference, too.
  private func expectNothingLeft(since before: Snapshot) throws {
    if plugins.isReference, previousResult == nil { return }
    let patterns = try fixture.patternsOfWhatStays(asReference: plugins.isReference).map { try Regex($0) }
    let left = try Snapshot(of: host, containers).changes(since: before).filter { line in
      !patterns.contains { line.contains($0) }
    }
    if !left.isEmpty { Issue.record("\(fixture): something is left behind:\n\(left.joined(separator: "\n"))") }
  }

  /// Runs a shell script of the case in the host. A script that ends with status 75 has found out that the machine lacks
  /// something: the test is skipped with the script's own reason.
  private func runScript(_ name: String) throws {
    let script = "set -euo pipefail; . \(fixture.directory)/../../functions; set -x; . \(fixture.directory)/\(name)"
    var variables = PluginCall("ADD", fixture.plugin, [], environment: fixture.environment, in: plugins).environment
    variables["PREVIOUS_RESULT"] = previousResult.map { String(decoding: $0, as: UTF8.self) } ?? ""
    let outcome = try host.run(Program("/bin/bash", ["--norc", "-c", script], environment: variables))
    if outcome.status == 75 {
      try skip("\(fixture): \(outcome.text)")
    }
    if outcome.status != 0 { Issue.record("\(fixture): \(name) failed: \(outcome)") }
  }
}

internal import Foundation
internal import LinuxSystem

/// One case of `testdata/plugins/<plugin>/<case>/`: a configuration, what is called with it, and what must come of it.
///
/// The format is described in `testdata/plugins/README.md`.
package struct Fixture: Sendable, Hashable, CustomStringConvertible {
  /// The folder that the case is in: a plugin's name, or a subject that concerns all of them.
  package let group: String

  /// The name of the case's folder.
  package let name: String

  /// The version of the protocol, where the case is one for every version.
  package let version: String?

  package var description: String { "\(group)/\(name)" + (version.map { "@\($0)" } ?? "") }

  /// The versions for which a case is run that leaves its version open.
  package static let versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]

  /// The mark that stands for the version in a configuration and in what is expected.
  package static let versionMark = "@VERSION@"

  /// Every case there is, in the order of its names; with `FIXTURES` in the environment, those whose description
  /// contains that text.
  package static let all: [Fixture] = {
    let wanted = Peers.variable("FIXTURES")
    return directories(in: root).flatMap { group in
      directories(in: "\(root)/\(group)").flatMap { name -> [Fixture] in
        let single = Fixture(group: group, name: name, version: nil)
        guard let configuration = single.file("config.json") else { return [] }
        guard String(decoding: configuration, as: UTF8.self).contains(versionMark) else { return [single] }
        return versions.map { Fixture(group: group, name: name, version: $0) }
      }
    }.filter { wanted == nil || $0.description.contains(wanted ?? "") }
  }()

  private static let root = "\(Peers.root)/testdata/plugins"

  private static func directories(in path: String) -> [String] {
    let names = (try? namesInDirectory(path)) ?? []
    return names.sorted().filter { (try? namesInDirectory("\(path)/\($0)")) != nil }
  }

  /// The case's folder.
  package var directory: String { "\(Fixture.root)/\(group)/\(name)" }

  /// The content of a file of the case; nil where there is none.
  package func file(_ name: String) -> [UInt8]? { try? readFile("\(directory)/\(name)", limit: 1 << 24) }

  /// The names of all files of the case.
  package var files: [String] { (try? namesInDirectory(directory)) ?? [] }

  /// The text of a file of the case; nil where there is none.
  package func text(_ name: String) -> String? { file(name).map { String(decoding: $0, as: UTF8.self) } }

  /// The variables that the case sets or overrides: `KEY=value` a line, `#` for comments, `\n`, `\t` and `\xHH` for
  /// bytes that a line cannot hold.
  package var environment: [String: String] {
    variables((text("environment") ?? "").split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init))
  }

  /// The plugin that is called: the variable `PLUGIN` of the case, else its folder.
  package var plugin: String { environment["PLUGIN"] ?? group }

  /// Patterns for the lines of a snapshot that may differ in the end: the case's own, those of its folder, and unless it
  /// is about a failed ADD those for what an ADD that succeeded has changed for good.
  package func patternsOfWhatStays(asReference: Bool) -> [String] {
    let texts = [
      judged("stays", asReference: asReference).flatMap(text), groupText("stays"),
      expectsFailure ? nil : groupText("stays-after-success"),
    ]
    return texts.compactMap { $0 }.flatMap { $0.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init) }
  }

  private func groupText(_ name: String) -> String? {
    (try? readFile("\(Fixture.root)/\(group)/\(name)")).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the case is about an ADD that fails.
  private var expectsFailure: Bool { text("steps") == nil && text("error.json") != nil }

  /// The name of the file that holds for whom is judged: `result.reference.json` goes before `result.json` where the
  /// reference is, and a file for the newest version that is not above the case's before one for all versions.
  ///
  /// - Returns: nil where there is no such file.
  package func judged(_ name: String, asReference: Bool) -> String? {
    let dot = name.firstIndex(of: ".") ?? name.endIndex
    let (stem, suffix) = (name[..<dot], name[dot...])
    let upToVersion = version.map { version in Fixture.versions.reversed().drop { $0 != version } } ?? []
    let stems = upToVersion.map { "\(stem)-\($0)" } + [String(stem)]
    let names = stems.flatMap { (asReference ? ["\($0).reference\(suffix)"] : []) + ["\($0)\(suffix)"] }
    return names.first { file($0) != nil }
  }

  /// What is done, in order.
  package func steps(asReference: Bool) throws -> [FixtureStep] {
    if let name = judged("steps", asReference: asReference), let text = text(name) {
      return try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { try FixtureStep(String($0)) }
    }
    if judged("result.json", asReference: false) == nil { return [.call(.init("ADD", "error.json")), .nothingLeft] }
    var steps: [FixtureStep] = [.call(.init("ADD", "result.json"))]
    if text("check") != nil { steps.append(.script("check")) }
    if try configurationVersion().map({ $0 >= "0.4.0" }) ?? false { steps.append(.call(.init("CHECK", "nothing"))) }
    return steps + [.call(.init("DEL", "nothing")), .call(.init("DEL", "nothing")), .nothingLeft]
  }

  /// A configuration of the case, with the version in its place.
  package func configuration(_ name: String = "config.json") throws -> [UInt8] {
    guard let bytes = file(name) else { throw HarnessError("\(self) has no \(name)") }
    guard let version else { return bytes }
    return Array(String(decoding: bytes, as: UTF8.self).replacing(Fixture.versionMark, with: version).utf8)
  }

  /// The `cniVersion` of the case's configuration; nil where there is none.
  package func configurationVersion() throws -> String? {
    let object = try? JSONSerialization.jsonObject(with: Data(configuration())) as? [String: Any]
    return object?["cniVersion"] as? String
  }
}

/// One line of a case's `steps`.
package enum FixtureStep: Sendable {
  /// A script of the case, run in the host.
  case script(String)

  /// A call of the plugin.
  case call(FixtureCall)

  /// The host and its containers must be as they were before the first step.
  case nothingLeft

  init(_ line: String) throws {
    let words = line.split(separator: " ").map(String.init)
    switch words.first {
    case "run" where words.count == 2: self = .script(words[1])
    case "nothing-left" where words.count == 1: self = .nothingLeft
    case .some where words.count >= 3 && words[words.count - 2] == "->": self = .call(FixtureCall(words))
    default: throw HarnessError("cannot read the step “\(line)”")
    }
  }
}

/// A call of the plugin: `VERB [KEY=value …] [config=FILE] [plugin=NAME] [without-prevResult] -> EXPECTED`.
package struct FixtureCall: Sendable {
  package let command: String

  /// `nothing`, or the file with what must be printed.
  package let expected: String

  package var environment: [String: String] = [:]
  package var configuration = "config.json"
  package var plugin: String?
  package var withPreviousResult = true

  init(_ command: String, _ expected: String) {
    self.command = command
    self.expected = expected
  }

  fileprivate init(_ words: [String]) {
    self.init(words[0], words[words.count - 1])
    withPreviousResult = !words.contains("without-prevResult")
    environment = variables(Array(words.dropFirst().dropLast(2)))
    configuration = environment.removeValue(forKey: "config") ?? configuration
    plugin = environment.removeValue(forKey: "plugin")
  }
}

/// The `KEY=value` pairs among some words, with escapes resolved.
private func variables(_ words: [String]) -> [String: String] {
  var result: [String: String] = [:]
  for word in words {
    guard let equals = word.firstIndex(of: "=") else { continue }
    let value = String(word[word.index(after: equals)...])
      .replacing("\\n", with: "\n").replacing("\\t", with: "\t")
      .replacing(/\\x([0-9a-f]{2})/) { match in
        String(UnicodeScalar(UInt8(match.1, radix: 16) ?? 0))
      }
    result[String(word[..<equals])] = value
  }
  return result
}

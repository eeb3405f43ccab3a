public import LinuxSystem
internal import CLinux
internal import JSON

/// Takes a call from the environment and stdin to a plugin, and its answer to stdout: the whole of a plugin's process.
///
/// stdout gets one JSON document or nothing, in one go at the end, and the exit status says which kind: 0 a success, 1 an
/// error object.
public struct Dispatcher {
  /// More bytes than any configuration has; what is longer is refused before it fills the memory.
  public static let longestInput = 16 << 20

  private let name: String
  private let plugins: PluginTable
  private let softwareVersion: String
  private let environment: Environment
  private let input: () throws(SystemError) -> [UInt8]
  private let output: ([UInt8]) throws(SystemError) -> Void
  private let log: (String) -> Void

  /// - Parameters:
  ///   - invocation: `argv[0]`: the last part of the path is the plugin's name.
  ///   - plugins: The plugins of this executable.
  ///   - softwareVersion: What the about text calls this software: `swift-cni 1.0.0`.
  ///   - environment: The variables of the call.
  ///   - input: Reads stdin to its end.
  ///   - output: Writes to stdout. Called once at most.
  ///   - log: Writes to stderr.
  public init(
    invocation: String, plugins: PluginTable, softwareVersion: String, environment: Environment,
    input: @escaping () throws(SystemError) -> [UInt8], output: @escaping ([UInt8]) throws(SystemError) -> Void,
    log: @escaping (String) -> Void
  ) {
    let lastPart = invocation.utf8.split(separator: UInt8(ascii: "/")).last
    self.name = lastPart.map { String(Substring($0)) } ?? ""
    self.plugins = plugins
    self.softwareVersion = softwareVersion
    self.environment = environment
    self.input = input
    self.output = output
    self.log = log
  }

  /// A dispatcher on this process's own environment, stdin, stdout and stderr.
  public init(invocation: String, plugins: PluginTable, softwareVersion: String) {
    self.init(
      invocation: invocation, plugins: plugins, softwareVersion: softwareVersion, environment: .process,
      input: { () throws(SystemError) in try readAll(STDIN_FILENO, limit: Dispatcher.longestInput, subject: "stdin") },
      output: { bytes throws(SystemError) in try writeAll(STDOUT_FILENO, bytes, subject: "stdout") },
      log: { text in try? writeAll(STDERR_FILENO, Array(text.utf8)) })
  }

  /// Answers the call.
  ///
  /// - Returns: The exit status of the process.
  public func run() -> CInt {
    prepareSignals()
    guard !environment["CNI_COMMAND"].isEmpty else { return introduce() }

    var version = SpecVersion.newest
    var status: CInt = 0
    var answer: Answer
    do throws(PluginError) {
      answer = try self.answer(version: &version)
    } catch {
      answer = Answer(text: error.encode(as: version))
      status = 1
    }
    if answer.text.isEmpty { return status }
    do throws(SystemError) {
      try output(answer.text)
      return status
    } catch {
      answer.takeBack()
      log("\(name): \(error)\n")
      return 1
    }
  }

  /// Nobody asked for anything: says what this is.
  private func introduce() -> CInt {
    guard let plugin = plugins[name] else {
      log("\(unknownPlugin.message)\n\(softwareVersion), called by the name of one of its plugins: \(listing)\n")
      return 1
    }
    let versions = plugin.supportedVersions.map { $0.rawValue }.joined(separator: ", ")
    log("CNI \(name) plugin \(softwareVersion)\nCNI protocol versions supported: \(versions)\n")
    return 0
  }

  private var listing: String { plugins.names.joined(separator: ", ") }

  private var unknownPlugin: PluginError {
    PluginError(.invalidEnvironment, "there is no plugin \(quoted(name))", details: "there are \(listing)")
  }

  // MARK: The answer

  private struct Answer {
    /// What goes to stdout; nothing where the protocol wants nothing.
    let text: [UInt8]
    /// Undoes what was done, where the runtime cannot be told of it.
    var takeBack: () -> Void = {}
  }

  /// - Parameter version: Becomes the version of the call as soon as it is known.
  private func answer(version: inout SpecVersion) throws(PluginError) -> Answer {
    guard let plugin = plugins[name] else { throw unknownPlugin }
    let command = Command(rawValue: environment["CNI_COMMAND"])
    if command == .version {
      // Its configuration says nothing of interest, and stdin may never end.
      return Answer(text: versionReport(of: plugin))
    }

    let call = try Call(
      command, in: environment, input: input, for: plugin, among: plugins, answerVersion: &version)
    switch call.command {
    case .add:
      try refuseOwnNamespace(call)
      return try add(call, with: plugin)
    case .delete:
      try refuseOwnNamespace(call)
      try plugin.delete(call)
    case .check: try plugin.check(call)
    case .collectGarbage: try plugin.collectGarbage(call)
    case .status: try plugin.status(call)
    case .version: break
    }
    return Answer(text: [])
  }

  /// A result that does not reach the runtime is a failed ADD, which leaves nothing behind.
  private func add(_ call: Call, with plugin: any Plugin) throws(PluginError) -> Answer {
    let result = try plugin.add(call)
    let takeBack = { _ = try? plugin.delete(call.delegated(.delete, to: name)) }
    do throws(PluginError) {
      return Answer(text: try result.encode(as: call.version), takeBack: takeBack)
    } catch {
      // The version has no words for it.
      takeBack()
      throw error
    }
  }

  /// `{"cniVersion":"1.1.0","supportedVersions":[…]}` and a newline.
  private func versionReport(of plugin: any Plugin) -> [UInt8] {
    var object = JSONNode.object()
    object.set("cniVersion", .string(SpecVersion.newest.rawValue))
    object.set("supportedVersions", .strings(plugin.supportedVersions.map { $0.rawValue }))
    return object.serialized(.compact) + [UInt8(ascii: "\n")]
  }
}

internal import JSON
internal import LinuxSystem

extension Call {
  /// Reads the environment and the configuration of a call, in the order in which the reference finds faults with them.
  ///
  /// - Parameters:
  ///   - command: The command; nil for one that nobody knows, which is said after the configuration's faults.
  ///   - input: Reads stdin.
  ///   - answerVersion: Becomes the version of the call as soon as it is known, so that errors are told in it.
  init(
    _ command: Command?, in environment: Environment, input readInput: () throws(SystemError) -> [UInt8],
    for plugin: any Plugin, among plugins: PluginTable, answerVersion: inout SpecVersion
  ) throws(PluginError) {
    let arrival = Moment()
    try checkVariables(of: command, in: environment)
    let input = try Call.read(readInput)
    let configuration = try Call.parse(input)
    try Call.refuseList(configuration)
    let networkName = try Call.networkName(in: configuration)
    guard let command else {
      throw PluginError(.invalidEnvironment, "unknown CNI_COMMAND: \(environment["CNI_COMMAND"])")
    }
    let version = try Call.version(for: command, in: configuration, supported: plugin.supportedVersions)
    answerVersion = version

    self.init(
      command: command, containerID: environment["CNI_CONTAINERID"], namespacePath: environment["CNI_NETNS"],
      interfaceName: environment["CNI_IFNAME"], arguments: environment["CNI_ARGS"],
      pluginPath: environment["CNI_PATH"], allowsOwnNamespace: isTrue(environment["CNI_NETNS_OVERRIDE"]),
      input: input, configuration: configuration, networkName: networkName, version: version, environment: environment,
      arrival: arrival, plugins: plugins, callers: [plugin.name])
    if command.concernsAttachment { try Names.checkLength(of: attachment) }
  }

  private static func read(_ input: () throws(SystemError) -> [UInt8]) throws(PluginError) -> [UInt8] {
    do throws(SystemError) {
      return try input()
    } catch {
      throw PluginError(.io, "error reading from stdin: \(error.code.text)")
    }
  }

  private static func parse(_ input: [UInt8]) throws(PluginError) -> JSONValue {
    do throws(JSONError) {
      let json = try JSONValue(parsing: input)
      // `null` has no name, which is said next.
      guard json.kind == .object || json.isNull else { throw json.mismatch(expected: "object") }
      return json
    } catch {
      throw PluginError(.decoding, "error unmarshall network config: \(error)")
    }
  }

  /// A list of plugins is for runtimes. Taken for the configuration of one plugin, it would be one that says nothing.
  private static func refuseList(_ json: JSONValue) throws(PluginError) {
    guard json["type"] == nil, json["plugins"]?.kind == .array else { return }
    throw PluginError(
      .invalidConfiguration, "this is a network configuration list",
      details: "a plugin gets one element of \"plugins\", with the list's cniVersion and name")
  }

  private static func networkName(in configuration: JSONValue) throws(PluginError) -> String {
    let name: String
    do throws(JSONError) {
      name = configuration.isNull ? "" : try configuration.value("name", default: "")
    } catch {
      throw PluginError(.decoding, "error unmarshall network config: \(error)")
    }
    try Names.checkNetworkName(name)
    return name
  }

  /// Which version the configuration is in, if it allows the command and the plugin speaks it.
  private static func version(
    for command: Command, in configuration: JSONValue, supported: [SpecVersion]
  ) throws(PluginError) -> SpecVersion {
    let text: String
    do throws(JSONError) {
      text = try configuration.valueUnlessEmpty("cniVersion") ?? SpecVersion.v0_1_0.rawValue
    } catch {
      throw PluginError(.decoding, "decoding version from network config: \(error)")
    }

    if command.introduced > .v0_1_0 {
      let number = try VersionNumber(parsing: text)
      guard number >= VersionNumber(command.introduced) else {
        throw PluginError(.incompatibleVersion, "config version does not allow \(command.rawValue)")
      }
      guard supported.contains(where: { VersionNumber($0) >= number }) else {
        throw PluginError(.incompatibleVersion, "plugin version does not allow \(command.rawValue)")
      }
    }
    return try SpecVersion.negotiate(text, among: supported)
  }
}

/// Checks the variables in the order of the specification's table. A wrong value is said at once, those that are missing
/// together.
func checkVariables(of command: Command?, in environment: Environment) throws(PluginError) {
  var missing: [String] = []
  func value(of name: String, required: Bool?) -> String? {
    let value = environment[name]
    guard value.isEmpty else { return value }
    if required == true { missing.append(name) }
    return nil
  }

  _ = value(of: "CNI_COMMAND", required: true)
  if command?.concernsAttachment == true, let name = value(of: "CNI_CONTAINERID", required: true) {
    try Names.checkContainerID(name)
  }
  _ = value(of: "CNI_NETNS", required: command?.needsNamespace)
  if command?.concernsAttachment == true, let name = value(of: "CNI_IFNAME", required: true) {
    try Names.checkInterfaceName(name)
  }
  _ = value(of: "CNI_PATH", required: command.map { $0 != .version })
  guard missing.isEmpty else {
    throw PluginError(
      .invalidEnvironment, "required env variables [\(missing.joined(separator: ","))] missing")
  }
}

/// Whether `CNI_NETNS_OVERRIDE` says yes.
private func isTrue(_ text: String) -> Bool { text == "1" || text.lowercased() == "true" }

internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

/// The configuration of the `tuning` plugin.
///
/// The keys of `args.cni` go before those of the same names at the top; for `sysctl`, setting by setting.
struct TuningConfiguration {
  /// Where the reference keeps its backups unless told otherwise: `dataDir`.
  private static let standardDirectory = "/run/cni/tuning"

  /// The kernel settings, in the order in which they are written.
  private(set) var sysctls: [Sysctl] = []

  /// What is wanted of the link.
  private(set) var link: LinkAttributes

  /// The file in which the link's original attributes are kept.
  let backupPath: String

  /// Reads and validates the configuration.
  ///
  /// - Throws: Code 7 with the key, the value and the reason.
  init(_ call: Call) throws(PluginError) {
    if hasRepeatedKey(inMember: "sysctl", of: call.input) {
      throw PluginError(.invalidConfiguration, "duplicated sysctl keys are not allowed")
    }
    let json = call.configuration
    let argument = try Arguments(parsing: call.arguments)["MAC"]
    var settings: [(key: String, value: String)] = []
    var replacements = settings
    do throws(JSONError) {
      _ = try json.valueIfPresent("dataDir", as: String.self)
      let runtime = try json.valueIfPresent("runtimeConfig", as: JSONValue.self)
      let network = try json.valueIfPresent("args", as: JSONValue.self)?.valueIfPresent("cni", as: JSONValue.self)
      link = try LinkAttributes(json: json)
      if let argument { link.hardwareAddress = MACAddress(argument) }
      if let address = try runtime?.interfaceAddress("mac") { link.hardwareAddress = address }
      if let network { link = try LinkAttributes(json: network).completed(from: link) }
      settings = try json.settings("sysctl")
      if let network { replacements = try network.settings("sysctl") }
    } catch {
      throw .invalid(error)
    }
    // False and zero override others, and leave the link as it is.
    if link.isPromiscuous == false { link.isPromiscuous = nil }
    if link.mtu == 0 { link.mtu = nil }
    backupPath = TuningConfiguration.backupPath(of: call)

    if let argument, MACAddress(argument).map({ $0.isZero || $0.isMulticast }) ?? true {
      throw PluginError(.invalidConfiguration, "CNI_ARGS: MAC: address \(argument): invalid MAC address")
    }
    for (key, value) in settings {
      try add(Sysctl(key: key, value: value, interfaceName: call.interfaceName), replacing: false)
    }
    for (key, value) in replacements {
      try add(Sysctl(key: key, value: value, interfaceName: call.interfaceName), replacing: true)
    }
  }

  /// Takes up a kernel setting. One can have several keys, which may not disagree.
  private mutating func add(_ sysctl: Sysctl, replacing: Bool) throws(PluginError) {
    guard let index = sysctls.firstIndex(where: { $0.isSame(as: sysctl) }) else {
      sysctls.append(sysctl)
      return
    }
    if replacing {
      sysctls[index] = sysctl
    } else if sysctls[index].value != sysctl.value {
      throw PluginError(
        .invalidConfiguration,
        "sysctl: \(quoted(sysctls[index].key)) and \(quoted(sysctl.key)) are the same setting, with two values")
    }
  }

  /// The setting of each sysctl, in the network namespace of the calling thread.
  ///
  /// - Throws: Code 7 where there is none, or one that cannot be written.
  func writableSettings() throws(PluginError) -> [KernelSetting] {
    var settings: [KernelSetting] = []
    for sysctl in sysctls { settings.append(try sysctl.writableSetting()) }
    return settings
  }

  /// The file of the link's original attributes, where the reference has it. A mistake in the configuration must not
  /// keep an attachment from being removed.
  static func backupPath(of call: Call) -> String {
    let configured = try? call.configuration.valueUnlessEmpty("dataDir")
    return "\((configured ?? nil) ?? standardDirectory)/\(backupName(call.attachment))"
  }

  /// The name of the file.
  static func backupName(_ attachment: Attachment) -> String {
    "\(attachment.containerID)_\(attachment.interfaceName).json"
  }
}

extension JSONValue {
  /// The members of an object whose values are texts, in their order.
  fileprivate func settings(_ key: String) throws(JSONError) -> [(key: String, value: String)] {
    var settings: [(key: String, value: String)] = []
    guard let object = try valueIfPresent(key, as: JSONValue.self) else { return settings }
    for (key, value) in try object.members() where !value.isNull {
      settings.append((key, try String(json: value)))
    }
    return settings
  }
}

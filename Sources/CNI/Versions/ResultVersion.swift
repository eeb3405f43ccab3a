internal import JSON
internal import LinuxSystem

extension AttachmentResult {
  /// Reads what a plugin printed. A result that does not say which version it has is of the configuration's.
  ///
  /// - Parameter configured: The configuration's version.
  init(printed json: JSONValue, configured: SpecVersion) throws(PluginError) {
    do throws(JSONError) {
      // A plugin that has nothing to say may say null.
      if json.isNull {
        self.init()
        return
      }
      let text = try json.valueUnlessEmpty("cniVersion") ?? configured.rawValue
      guard let version = SpecVersion(rawValue: text) else {
        throw JSONError("unsupported CNI result version \(quoted(text))", at: json)
      }
      try self.init(json: json, version: version)
    } catch {
      throw PluginError(error)
    }
  }

  /// Reads the result of the plugins before this one. Its own version, where it says one, must be of the
  /// configuration's family.
  init(previous json: JSONValue, configured: SpecVersion) throws(PluginError) {
    do throws(JSONError) {
      if let text = try json.valueUnlessEmpty("cniVersion") {
        guard let version = SpecVersion(rawValue: text), version.family == configured.family else {
          throw JSONError(
            path: "",
            .invalid("result type supports \(configured.family.listing) but unmarshalled CNIVersion is \(quoted(text))")
          )
        }
      }
      try self.init(json: json, version: configured)
    } catch {
      throw PluginError(error).during("could not parse prevResult")
    }
  }

  /// What is left of the result after a way through a process that prints it in a version: what a plugin that is called
  /// in this process must not have over one that is executed.
  func reduced(to version: SpecVersion) throws(PluginError) -> AttachmentResult {
    switch version.family {
    case .v0_4, .v1:
      // Only an interface has something that 0.3 and 0.4 cannot say.
      var result = self
      if version.family == .v0_4 {
        result.interfaces = interfaces.map { AttachmentInterface(name: $0.name, mac: $0.mac, sandbox: $0.sandbox) }
      }
      return result
    case .v0_2:
      let text = try encode(as: version)
      do throws(JSONError) {
        return try AttachmentResult(json: JSONValue(parsing: text), version: version)
      } catch {
        throw PluginError(error)
      }
    }
  }
}

extension SpecVersion.Family {
  /// The versions of the family, as the reference lists them. The blank in the first one is its empty version.
  fileprivate var listing: String {
    switch self {
    case .v0_2: "[ 0.1.0 0.2.0]"
    case .v0_4: "[0.3.0 0.3.1 0.4.0]"
    case .v1: "[1.0.0 1.1.0]"
    }
  }
}

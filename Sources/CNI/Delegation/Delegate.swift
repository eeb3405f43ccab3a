/// A plugin that another plugin calls for a part of its work: the one that allocates addresses, mostly.
///
/// It is looked for in `CNI_PATH`. When what is found there is the very executable that is running, its plugin is called
/// in this process; the rules for its answer are the same. Errors come through unchanged, so that a "try again later" of
/// the delegate reaches the runtime.
public enum Delegate: Sendable {
  /// A plugin of this executable.
  case ownExecutable(any Plugin)
  /// The path of another executable.
  case executable(path: String)

  /// Looks for a delegate.
  ///
  /// - Parameter type: The delegate's name: `ipam.type`.
  public static func find(_ type: String, for call: Call) throws(PluginError) -> Delegate {
    let file = try PluginFile(type, in: call.pluginPath)
    if file.isOwnExecutable, let plugin = call.plugins[type] {
      // It would wait for the lock that it holds itself, or go on until the stack ends.
      guard !call.callers.contains(type) else {
        throw PluginError(.invalidConfiguration, "plugin \"\(type)\" is a delegate of itself")
      }
      return .ownExecutable(plugin)
    }
    return .executable(path: file.path)
  }

  /// Calls the delegate's ADD.
  public func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    switch self {
    case .ownExecutable(let plugin):
      return try plugin.add(own(.add, call, of: plugin)).reduced(to: call.version)
    case .executable(let path):
      let output = try DelegateProcess.run(path, .add, call)
      return try AttachmentResult(printed: DelegateProcess.parse(output), configured: call.version)
    }
  }

  /// Calls the delegate's DEL.
  public func delete(_ call: Call) throws(PluginError) {
    switch self {
    case .ownExecutable(let plugin): try plugin.delete(own(.delete, call, of: plugin))
    case .executable(let path): _ = try DelegateProcess.run(path, .delete, call)
    }
  }

  /// Calls the delegate's DEL because an ADD failed, be it the delegate's or what came after it. Its failure is not
  /// told: the error that counts is that of the ADD.
  public func undoAdd(_ call: Call) { try? delete(call) }

  /// Calls the delegate's CHECK.
  public func check(_ call: Call) throws(PluginError) {
    switch self {
    case .ownExecutable(let plugin): try plugin.check(own(.check, call, of: plugin))
    case .executable(let path): _ = try DelegateProcess.run(path, .check, call)
    }
  }

  /// Calls the delegate's GC.
  public func collectGarbage(_ call: Call) throws(PluginError) {
    switch self {
    case .ownExecutable(let plugin): try plugin.collectGarbage(own(.collectGarbage, call, of: plugin))
    case .executable(let path): _ = try DelegateProcess.run(path, .collectGarbage, call)
    }
  }

  /// Calls the delegate's STATUS.
  public func status(_ call: Call) throws(PluginError) {
    switch self {
    case .ownExecutable(let plugin): try plugin.status(own(.status, call, of: plugin))
    case .executable(let path): _ = try DelegateProcess.run(path, .status, call)
    }
  }

  /// The call that a plugin of this executable gets, if it speaks the version of the configuration.
  private func own(_ command: Command, _ call: Call, of plugin: any Plugin) throws(PluginError) -> Call {
    _ = try SpecVersion.negotiate(call.version.rawValue, among: plugin.supportedVersions)
    return call.delegated(command, to: plugin.name)
  }
}

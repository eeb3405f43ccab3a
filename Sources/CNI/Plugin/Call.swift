internal import CLinux
public import JSON
package import LinuxSystem

/// One call of a plugin: what the runtime asks for, checked as far as every plugin needs it.
public struct Call: Sendable {
  /// What the runtime wants.
  public let command: Command

  /// The runtime's identifier of the container; not checked and mostly empty for GC and STATUS.
  public let containerID: String

  /// The path of the container's network namespace; empty where the runtime gave none (DEL, GC, STATUS).
  public let namespacePath: String

  /// The name that the interface in the container has or gets; not checked and mostly empty for GC and STATUS.
  public let interfaceName: String

  /// The text of `CNI_ARGS`. See ``Arguments``.
  public let arguments: String

  /// The text of `CNI_PATH`: the directories in which delegates are looked for, with colons between them.
  public let pluginPath: String

  /// Whether the container's namespace may be the one that the plugin runs in (`CNI_NETNS_OVERRIDE`).
  public let allowsOwnNamespace: Bool

  /// The bytes of stdin, which a delegate gets unchanged.
  public let input: [UInt8]

  /// The same, parsed: an object.
  public let configuration: JSONValue

  /// The name of the network.
  public let networkName: String

  /// The version of the protocol that the configuration is written in and the answer must be in.
  public let version: SpecVersion

  /// The whole environment, for delegates.
  public let environment: Environment

  /// When the call came, before anything of it was read that somebody may take his time to write.
  package let arrival: Moment

  /// The plugins of this executable, which need not be executed to be called.
  let plugins: PluginTable

  /// The plugins of this executable that called one another to come here: the one that the runtime called is the first.
  let callers: [String]

  /// The process of the plugin that the runtime called: this one, or the one that executed it as its delegate.
  package var askingProcess: CInt { callers.count > 1 ? getpid() : getppid() }

  /// The attachment that the call is about.
  public var attachment: Attachment {
    Attachment(network: networkName, containerID: containerID, interfaceName: interfaceName)
  }

  /// The same call with another command: what a delegate of this executable gets.
  ///
  /// - Parameter plugin: The delegate.
  func delegated(_ command: Command, to plugin: String) -> Call {
    Call(
      command: command, containerID: containerID, namespacePath: namespacePath, interfaceName: interfaceName,
      arguments: arguments, pluginPath: pluginPath, allowsOwnNamespace: allowsOwnNamespace, input: input,
      configuration: configuration, networkName: networkName, version: version, environment: environment,
      arrival: arrival, plugins: plugins, callers: callers + [plugin])
  }
}

// MARK: - What the configuration says to every plugin

extension Call {
  /// The result of the plugins before this one; nil where there are none.
  public func previousResult() throws(PluginError) -> AttachmentResult? {
    let json: JSONValue?
    do throws(JSONError) {
      json = try configuration.valueIfPresent("prevResult")
    } catch {
      throw PluginError(error)
    }
    guard let json else { return nil }
    return try AttachmentResult(previous: json, configured: version)
  }

  /// The result of the plugins before this one, without which the plugin cannot work.
  ///
  /// - Parameter message: What to say where there is none.
  public func requiredPreviousResult(
    _ message: String = "Required prevResult missing"
  ) throws(PluginError) -> AttachmentResult {
    guard let result = try previousResult() else { throw PluginError(message) }
    return result
  }

  /// The attachments of the network that the runtime knows: GC removes what belongs to none of them.
  ///
  /// No list at all means that none is valid, as the specification has it. An element that cannot be read is an error:
  /// GC must not remove what belongs to an attachment that it did not understand.
  public func validAttachments() throws(PluginError) -> [Attachment] {
    do throws(JSONError) {
      // The second name is that of the first text of 1.1.0.
      let key =
        configuration["cni.dev/valid-attachments"] != nil ? "cni.dev/valid-attachments" : "cni.dev/attachments"
      let list: [JSONValue] = try configuration.value(key, default: [])
      var attachments: [Attachment] = []
      for json in list { attachments.append(try Attachment(json: json, network: networkName)) }
      return attachments
    } catch {
      throw PluginError(error)
    }
  }
}

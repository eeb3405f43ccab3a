/// A CNI plugin: one function for each thing that a runtime can ask for.
///
/// A plugin answers every one of them itself; there is no answer that fits all. Whatever it throws is the answer to the
/// runtime. Nothing is written to stdout by a plugin: the dispatcher does that, once.
public protocol Plugin: Sendable {
  /// The name by which configurations and the executable's links call the plugin.
  var name: String { get }

  /// The versions of the protocol that the plugin speaks, the oldest first.
  var supportedVersions: [SpecVersion] { get }

  /// Makes an attachment, or adjusts it where there is a previous result. A failed one leaves nothing behind.
  func add(_ call: Call) throws(PluginError) -> AttachmentResult

  /// Removes an attachment. What is not there any more is fine, and so is a call for what never was.
  func delete(_ call: Call) throws(PluginError)

  /// Verifies that an attachment is as its result says.
  func check(_ call: Call) throws(PluginError)

  /// Removes what belongs to the network but to none of ``Call/validAttachments()``.
  func collectGarbage(_ call: Call) throws(PluginError)

  /// Says, by returning, that an ADD could be served now.
  func status(_ call: Call) throws(PluginError)
}

extension Plugin {
  /// All versions.
  public var supportedVersions: [SpecVersion] { SpecVersion.allCases }
}

/// The plugins that an executable has.
public struct PluginTable: Sendable {
  // A list that is searched: making a dictionary takes longer than all searches of a process.
  private let plugins: [any Plugin]

  /// - Parameter plugins: The plugins, in the order in which a person should read their names.
  public init(_ plugins: [any Plugin]) { self.plugins = plugins }

  /// The names of the plugins.
  public var names: [String] { plugins.map { $0.name } }

  /// The plugin of a name; nil where there is none.
  public subscript(name: String) -> (any Plugin)? { plugins.first { $0.name == name } }
}

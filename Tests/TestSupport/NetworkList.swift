internal import Foundation

/// The configuration of one plugin of a network: a JSON object.
package struct PluginConfiguration: Sendable, ExpressibleByStringInterpolation {
  package let text: String

  package init(stringLiteral text: String) { self.text = text }
}

/// A network: plugins that are called one after the other, each with the result of those before it.
package struct NetworkList: Sendable {
  package let name: String

  /// The configurations of the plugins, as in a network's configuration list.
  package let plugins: [PluginConfiguration]

  package init(_ name: String, _ plugins: PluginConfiguration...) {
    self.init(name, plugins)
  }

  package init(_ name: String, _ plugins: [PluginConfiguration], version: String = "1.1.0") {
    self.name = name
    self.plugins = plugins
    self.version = version
  }

  /// The version of the protocol.
  private let version: String

  /// The file that a runtime reads: `<name>.conflist`.
  package var text: String {
    """
    {"cniVersion": "\(version)", "name": "\(name)", "plugins": [\(plugins.map(\.text).joined(separator: ", "))]}
    """
  }

  /// What a runtime gives to one of the plugins.
  ///
  /// - Parameters:
  ///   - capabilities: What the runtime has for plugins that declare a capability.
  ///   - more: Keys of the call, such as `prevResult`, with their JSON.
  func configuration(of plugin: Int, _ capabilities: String, _ more: [String: String]) throws -> (String, [UInt8]) {
    var object = try Self.object(plugins[plugin].text)
    guard let type = object["type"] as? String else { throw HarnessError("no type: \(plugins[plugin].text)") }
    object["cniVersion"] = version
    object["name"] = name
    if let declared = object.removeValue(forKey: "capabilities") as? [String: Bool] {
      object["runtimeConfig"] = try Self.object(capabilities).filter { declared[$0.key] ?? false }
    }
    for (key, value) in more { object[key] = try Self.value(value) }
    return (type, Array(try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)))
  }

  static func object(_ text: String) throws -> [String: Any] {
    guard let object = try value(text) as? [String: Any] else { throw HarnessError("no JSON object: \(text)") }
    return object
  }

  private static func value(_ text: String) throws -> Any {
    do {
      return try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    } catch {
      throw HarnessError("no JSON: \(text)")
    }
  }
}

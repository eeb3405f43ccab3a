internal import CLinux

/// The programs that the tests call: ours, the reference, and a real caller. `make` builds and fetches them.
package enum Peers {
  /// The root of this package.
  package static let root = String(
    #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" })

  /// The directory whose plugins are tested: `PLUGIN_DIR`, else the built ones.
  package static let plugins = PluginDirectory(path: variable("PLUGIN_DIR") ?? "\(root)/bin")

  /// The reference plugins, as `scripts/peers` fetches them.
  package static let referencePlugins = PluginDirectory(path: "\(directory)/plugins")

  /// The protocol's own command line tool.
  package static let cnitool = "\(directory)/bin/cnitool"

  private static let directory = variable("PEERS_DIR") ?? "\(root)/.build/peers"

  /// A variable of the environment; nil where it is unset or empty.
  package static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }
}

/// A directory of plugins.
package struct PluginDirectory: Sendable, Hashable {
  package let path: String

  package init(path: String) { self.path = path }

  /// Whether these are somebody else's: the one executable that all of ours are is not among them.
  package var isReference: Bool { access("\(path)/swift-cni", F_OK) != 0 }

  /// The path of a plugin. A missing one is an error, and not a reason to skip a test.
  package func plugin(_ name: String) throws -> String {
    let plugin = "\(path)/\(name)"
    guard access(plugin, X_OK) == 0 else {
      throw HarnessError("there is no \(plugin): run make, and make peers for the programs to compare with")
    }
    return plugin
  }
}

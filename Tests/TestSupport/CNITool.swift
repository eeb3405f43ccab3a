internal import CLinux
internal import LinuxSystem

/// The protocol's own command line tool, which calls a network's plugins as every runtime does that uses the same library.
package struct CNITool: Sendable {
  package let host: Host
  package let container: Container

  /// The name of the network.
  package let network: String

  /// Where the configuration list of the network is, below the root of all directories.
  private let configurations: String
  private let capabilities: String
  private let plugins: PluginDirectory

  /// A call for a network of a directory.
  ///
  /// - Parameter capabilities: What the tool has for plugins that declare a capability: an object.
  package init(
    host: Host, network: String, of configurations: String = "\(Peers.root)/conf", container: Container,
    capabilities: String = "{}", by plugins: PluginDirectory = Peers.plugins
  ) {
    self.host = host
    self.network = network
    self.configurations = configurations
    self.container = container
    self.capabilities = capabilities
    self.plugins = plugins
  }

  /// A call for a network that is written down in the host first.
  package init(
    host: Host, _ network: NetworkList, container: Container, capabilities: String = "{}",
    by plugins: PluginDirectory = Peers.plugins
  ) throws {
    self.init(
      host: host, network: network.name, of: "/run/configurations", container: container, capabilities: capabilities,
      by: plugins)
    try host.run {
      try makeDirectories(configurations, mode: 0o755)
      let file = try OwnedDescriptor(
        opening: "\(configurations)/\(network.name).conflist", O_CREAT | O_TRUNC | O_WRONLY, mode: 0o644)
      try writeAll(file.rawValue, Array(network.text.utf8))
    }
  }

  /// `add`, `check`, `del`, `gc` or `status`.
  package func run(_ verb: String) throws -> Program.Outcome {
    var environment = Program.plainEnvironment
    environment["NETCONFPATH"] = configurations
    environment["CNI_PATH"] = plugins.path
    environment["CAP_ARGS"] = capabilities
    return try host.run(Program(Peers.cnitool, [verb, network, container.path], environment: environment))
  }
}

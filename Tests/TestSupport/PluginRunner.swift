/// One call of a plugin, as a runtime makes it: a process with the protocol's variables and a configuration.
package struct PluginCall: Sendable {
  package var plugin: String

  /// The protocol's variables. An absent one is not in the environment at all.
  package var environment: [String: String]

  /// The configuration, byte for byte.
  package var configuration: [UInt8]

  /// A call with the variables that most calls have; `environment` adds to them and overrides them.
  package init(
    _ command: String, _ plugin: String, _ configuration: some Sequence<UInt8>, environment: [String: String] = [:],
    in plugins: PluginDirectory = Peers.plugins
  ) {
    self.plugin = plugin
    self.configuration = Array(configuration)
    var variables = Program.plainEnvironment
    variables["CNI_COMMAND"] = command
    variables["CNI_PATH"] = plugins.path
    if command == "ADD" || command == "CHECK" || command == "DEL" {
      variables["CNI_CONTAINERID"] = "cid1"
      variables["CNI_NETNS"] = "/run/netns/c1"
      variables["CNI_IFNAME"] = "eth0"
    }
    self.environment = variables.merging(environment) { $1 }
    directory = plugins
  }

  /// Where the plugin itself is taken from; `CNI_PATH` is where it finds others.
  private let directory: PluginDirectory

  /// The call as a program to run.
  package func program() throws -> Program {
    Program(try directory.plugin(plugin), environment: environment, input: configuration)
  }

  /// Makes the call in a host.
  package func run(in host: Host) throws -> Program.Outcome {
    try host.run(program())
  }
}

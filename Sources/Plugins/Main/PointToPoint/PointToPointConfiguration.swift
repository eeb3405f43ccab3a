internal import CNI

/// The configuration of the `ptp` plugin.
struct PointToPointConfiguration {
  /// What all main plugins have.
  var common: MainPluginConfiguration

  /// The value of `ipam.type`. Without addresses there is nothing that this plugin could do.
  var addressManager: String

  /// Reads and validates the configuration.
  ///
  /// - Throws: Code 7 with the key and the reason.
  init(_ call: Call) throws(PluginError) {
    common = try MainPluginConfiguration(call)
    guard let type = common.addressManager else {
      throw PluginError(.invalidConfiguration, "no plugin name provided", details: "ptp needs ipam.type")
    }
    addressManager = type
  }
}

internal import CNI
internal import NetworkAddresses

/// The `static` plugin: gives the addresses that the configuration or the caller names, and remembers nothing.
struct Static: Plugin {
  let name = "static"

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let configuration = try StaticConfiguration(call)
    return AttachmentResult(
      addresses: configuration.addresses, routes: configuration.routes, dns: configuration.dns)
  }

  /// There is nothing to give back.
  func delete(_ call: Call) throws(PluginError) {}

  /// Each address must be in the previous result, with its gateway where it has one. The prefix length may be another.
  func check(_ call: Call) throws(PluginError) {
    let configuration = try StaticConfiguration(call)
    let result = try call.requiredPreviousResult()
    for expected in configuration.addresses {
      let address = expected.address.address
      let found = result.addresses.filter { $0.address.address == address }
      guard !found.isEmpty else {
        throw PluginError("static: Failed to find addr \(address) on interface \(call.interfaceName)")
      }
      guard expected.gateway == nil || found.contains(where: { $0.gateway == expected.gateway }) else {
        throw PluginError("static: Failed to match addr \(address) on interface \(call.interfaceName)")
      }
    }
  }

  /// There is nothing that could be left over.
  func collectGarbage(_ call: Call) throws(PluginError) {}

  /// An ADD could be served where the configuration is valid.
  func status(_ call: Call) throws(PluginError) { _ = try StaticConfiguration(call) }
}

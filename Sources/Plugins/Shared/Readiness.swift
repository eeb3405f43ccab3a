internal import CNI
internal import LinuxSystem
internal import NetworkNamespaces
internal import State

/// A STATUS: whether an ADD could succeed now. It changes nothing, but for the journal's directory, which it makes as the
/// ADD would.
struct Readiness {
  let call: Call

  /// The value of `ipam.type`; nil where there is none.
  let addressManager: String?

  /// - Throws: Code 50 when this plugin cannot work; the IPAM plugin's own error when that one cannot.
  func check() throws(PluginError) {
    do throws(SystemError) {
      try Journal().makeReady()
    } catch {
      throw PluginError(.unavailable, "cannot write the journal of attachments: \(error)")
    }
    do throws(SystemError) {
      // Its own, which changes nothing; who may not enter that may enter no container's.
      try NetworkNamespace.current().enter()
    } catch {
      throw PluginError(.unavailable, "cannot enter network namespaces: \(error)")
    }
    if let addressManager { try AddressManagement(call: call, type: addressManager).status() }
  }
}

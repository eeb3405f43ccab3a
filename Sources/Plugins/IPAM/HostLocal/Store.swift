internal import CNI
internal import JSON
internal import LinuxSystem
internal import State

/// Opens the store of the call's network, and makes it where there is none.
func openStore(for call: Call, _ policy: LeasePolicy) throws(PluginError) -> LeaseStore {
  let directory = try storeDirectory(for: call)
  return try onStore { () throws(SystemError) in try LeaseStore(directory: directory, policy: policy) }
}

/// Opens the store of the call's network, if there is one.
func openStoreIfPresent(for call: Call) throws(PluginError) -> LeaseStore? {
  let directory = try storeDirectory(for: call)
  let policy = LeasePolicy(cooldown: cooldown(of: call))
  return try onStore { () throws(SystemError) in try LeaseStore.ifPresent(directory: directory, policy: policy) }
}

/// For how many seconds addresses rest that the call releases. A mistake must not keep a lease: then it is none.
private func cooldown(of call: Call) -> Int {
  call.configuration["ipam"].flatMap { try? LeasePolicy.cooldown(of: $0) } ?? 0
}

/// The directory of the call's network: the one below `ipam.dataDir` with the network's name.
private func storeDirectory(for call: Call) throws(PluginError) -> String {
  do throws(JSONError) {
    let ipam = try call.configuration.valueIfPresent("ipam", as: JSONValue.self)
    let dataDirectory = try ipam?.valueUnlessEmpty("dataDir") ?? "/var/lib/cni/networks"
    return "\(dataDirectory)/\(call.networkName)"
  } catch {
    throw PluginError(error)
  }
}

/// Runs something on the lease store.
@discardableResult
func onStore<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(PluginError) -> Result {
  try system(failingWith: .io, body)
}

extension LeaseOwner {
  /// Who the call is about.
  init(_ call: Call) { self.init(call.attachment) }

  init(_ attachment: Attachment) {
    self.init(containerID: attachment.containerID, interfaceName: attachment.interfaceName)
  }
}

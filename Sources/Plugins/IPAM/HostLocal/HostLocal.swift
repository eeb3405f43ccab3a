internal import CNI
internal import LinuxSystem
internal import NetworkAddresses
internal import State

/// The `host-local` plugin: gives addresses out of the ranges of the configuration, and remembers them in files on this host.
struct HostLocal: Plugin {
  let name = "host-local"

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let configuration = try HostLocalConfiguration(call)
    let rangeSets = try configuration.rangeSets(for: call.version)
    let requested = try requestedArgument(of: call) + configuration.requestedAddresses
    let dns = try configuration.dns()

    // From here to the commit nobody else changes the store, and whatever fails gives back what was reserved.
    var store = try openStore(for: call, configuration.policy)
    let addresses = try allocate(from: rangeSets, requested: requested, for: call, in: &store)
    store.commit()
    return AttachmentResult(addresses: addresses, routes: configuration.routes, dns: dns)
  }

  /// Releases by owner. Nothing but the place of the store is read from the configuration: a mistake in the ranges must
  /// not keep an address for ever.
  func delete(_ call: Call) throws(PluginError) {
    guard let store = try openStoreIfPresent(for: call) else { return }
    try onStore { () throws(SystemError) in try store.release(leasesOf: LeaseOwner(call)) }
  }

  /// The owner must hold a lease, and of the previous result's addresses each one that is of our ranges.
  func check(_ call: Call) throws(PluginError) {
    let rangeSets = try HostLocalConfiguration(call).rangeSets(for: call.version)
    let expected = try call.previousResult()?.addresses.map(\.address.address) ?? []
    let held = try heldAddresses(of: call)

    let failure = "host-local: Failed to find address added by container \(call.containerID)"
    guard !held.isEmpty else { throw PluginError(failure) }
    for address in expected where rangeSets.contains(where: { $0.pool.contains(address) }) && !held.contains(address) {
      throw PluginError(.internal, failure, details: "\(address) is not leased to it")
    }
  }

  /// Releases the leases of this network that no valid attachment holds.
  func collectGarbage(_ call: Call) throws(PluginError) {
    let owners = try call.validAttachments().map(LeaseOwner.init)
    guard let store = try openStoreIfPresent(for: call) else { return }
    try onStore { () throws(SystemError) in try store.releaseAll(except: owners, listedBefore: call.arrival) }
  }

  /// An ADD could be served where the configuration is valid, the store can be written, and each set has a free address.
  func status(_ call: Call) throws(PluginError) {
    let configuration = try HostLocalConfiguration(call)
    let rangeSets = try configuration.rangeSetsKnownWithoutContainer(for: call.version)
    do throws(PluginError) {
      _ = try configuration.dns()
      let store = try openStore(for: call, configuration.policy)
      do throws(PluginError) {
        try onStore { () throws(SystemError) in try store.checkWritable() }
      } catch {
        throw error.during("the lease store cannot be written")
      }
      for rangeSet in rangeSets where try !store.hasFreeAddress(of: rangeSet) {
        throw try store.exhaustion(of: rangeSet, in: call.networkName)
      }
    } catch {
      throw PluginError(.unavailable, error.message, details: error.details)
    }
  }

  /// The addresses that the call's container and interface hold.
  private func heldAddresses(of call: Call) throws(PluginError) -> [IPAddress] {
    guard let store = try openStoreIfPresent(for: call) else { return [] }
    return try onStore { () throws(SystemError) in try store.leases(of: LeaseOwner(call)).map(\.address) }
  }
}

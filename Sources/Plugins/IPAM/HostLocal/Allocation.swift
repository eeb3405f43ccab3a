internal import CNI
internal import LinuxSystem
internal import NetworkAddresses
internal import State

/// Reserves one address of each range set: one that was asked for, where it lies in the set, otherwise the next free one.
///
/// - Throws: When one set has nothing to give, or when an address that was asked for is left over. Then the store gives
///   back what was reserved.
func allocate(
  from rangeSets: [SubnetRangeSet], requested: [IPAddress], for call: Call, in store: inout LeaseStore
) throws(PluginError) -> [AttachmentAddress] {
  let owner = LeaseOwner(call)
  let held = try store.heldBefore(by: owner)
  var requested = distinct(requested)
  try refuse(requested.filter { address in !rangeSets.contains { $0.pool.contains(address) } })
  var addresses: [AttachmentAddress] = []
  for set in rangeSets {
    do throws(PluginError) {
      if let index = requested.firstIndex(where: set.pool.contains) {
        addresses.append(try store.reserve(requested.remove(at: index), of: set, for: call))
      } else {
        try refuseSecondLease(of: owner, in: set, held: held)
        addresses.append(try store.reserveNext(of: set, for: call))
      }
    } catch {
      throw error.during("failed to allocate for range \(set.pool.number)")
    }
  }
  try refuse(requested)
  return addresses
}

/// Refuses addresses that were asked for and that no range set can give.
private func refuse(_ requested: [IPAddress]) throws(PluginError) {
  guard !requested.isEmpty else { return }
  let list = requested.map(\.description).joined(separator: " ")
  throw PluginError(.invalidConfiguration, "failed to allocate all requested IPs: \(list)")
}

private func refuseSecondLease(of owner: LeaseOwner, in set: SubnetRangeSet, held: [IPAddress]) throws(PluginError) {
  if let address = held.first(where: set.pool.contains) {
    throw PluginError(
      "\(address) has been allocated to \(owner.containerID), duplicate allocation is not allowed")
  }
}

/// The addresses, each once, in the order in which they come first.
private func distinct(_ addresses: [IPAddress]) -> [IPAddress] {
  addresses.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
}

extension LeaseStore {
  fileprivate func heldBefore(by owner: LeaseOwner) throws(PluginError) -> [IPAddress] {
    try onStore { () throws(SystemError) in try leases(of: owner).map(\.address) }
  }

  fileprivate mutating func reserve(_ address: IPAddress, of set: SubnetRangeSet, for call: Call)
    throws(PluginError) -> AttachmentAddress
  {
    guard set.pool.offers(address) else {
      throw PluginError(
        .invalidConfiguration,
        address == set.range(of: address)?.gateway
          ? "requested ip \(address) is subnet's gateway" : "requested ip \(address) is excluded from its range")
    }
    let isReserved = try onStore { () throws(SystemError) in
      try reserve(address, in: set.pool, for: LeaseOwner(call), askedForBy: call.askingProcess)
    }
    guard isReserved else { throw try refusal(of: address, in: set.pool, to: LeaseOwner(call)) }
    return set.attachmentAddress(address)
  }

  fileprivate mutating func reserveNext(of set: SubnetRangeSet, for call: Call) throws(PluginError)
    -> AttachmentAddress
  {
    let address = try onStore { () throws(SystemError) in
      try reserveNext(in: set.pool, for: LeaseOwner(call), askedForBy: call.askingProcess)
    }
    guard let address else { throw try exhaustion(of: set, in: call.networkName) }
    return set.attachmentAddress(address)
  }
}

extension SubnetRangeSet {
  /// An address of the set as the result tells it: with the prefix length and the gateway of its range.
  fileprivate func attachmentAddress(_ address: IPAddress) -> AttachmentAddress {
    let range = range(of: address)
    let prefixLength = range?.subnet.prefixLength ?? address.bitWidth
    return AttachmentAddress(
      address: CIDR(address: address, prefixLength: prefixLength) ?? CIDR(host: address), gateway: range?.gateway)
  }
}

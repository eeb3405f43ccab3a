internal import CNI
internal import LinuxSystem
internal import NetworkAddresses
internal import State

/// Reserves one address of each range set: one that was asked for, where it lies in the set, otherwise the next free one.
///
/// - Throws: When one set has nothing to give, or when an address that was asked for is left over. Then the store gives
///   back what was reserved.
func allocate(
  from rangeSets: [SubnetRangeSet], requested: [IPAddress], for owner: LeaseOwner, in store: inout LeaseStore
) throws(PluginError) -> [AttachmentAddress] {
  let held = try store.heldBefore(by: owner)
  var requested = distinct(requested)
  var addresses: [AttachmentAddress] = []
  for set in rangeSets {
    do throws(PluginError) {
      if let index = requested.firstIndex(where: set.pool.contains) {
        addresses.append(try store.reserve(requested.remove(at: index), of: set, for: owner))
      } else {
        try refuseSecondLease(of: owner, in: set, held: held)
        addresses.append(try store.reserveNext(of: set, for: owner))
      }
    } catch {
      throw error.during("failed to allocate for range \(set.pool.number)")
    }
  }
  guard requested.isEmpty else {
    let list = requested.map(\.description).joined(separator: " ")
    throw PluginError(.invalidConfiguration, "failed to allocate all requested IPs: \(list)")
  }
  return addresses
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

  fileprivate mutating func reserve(_ address: IPAddress, of set: SubnetRangeSet, for owner: LeaseOwner)
    throws(PluginError) -> AttachmentAddress
  {
    if address == set.range(of: address)?.gateway {
      throw PluginError(.invalidConfiguration, "requested ip \(address) is subnet's gateway")
    }
    guard try onStore({ () throws(SystemError) in try reserve(address, in: set.pool, for: owner) }) else {
      throw PluginError(
        .tryAgain, "requested IP address \(address) is not available in range set \(set.pool)",
        details: holder(of: address).map { "it is leased to \($0)" })
    }
    return set.attachmentAddress(address)
  }

  fileprivate mutating func reserveNext(of set: SubnetRangeSet, for owner: LeaseOwner) throws(PluginError)
    -> AttachmentAddress
  {
    guard let address = try onStore({ () throws(SystemError) in try reserveNext(in: set.pool, for: owner) }) else {
      throw try exhaustion(of: set.pool)
    }
    return set.attachmentAddress(address)
  }

  /// Whether a pool has an address left.
  func hasFreeAddress(in pool: AddressPool) throws(PluginError) -> Bool {
    try onStore { () throws(SystemError) in UInt128(try takenCount(in: pool)) < pool.capacity }
  }

  /// The error that a pool has no address left. It passes as soon as any container goes, so that it is worth another try.
  func exhaustion(of pool: AddressPool) throws(PluginError) -> PluginError {
    let count = try onStore { () throws(SystemError) in try takenCount(in: pool) }
    return PluginError(
      .tryAgain, "no IP addresses available in range set: \(pool)",
      details: "\(count) of \(pool.capacity) addresses are leased")
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

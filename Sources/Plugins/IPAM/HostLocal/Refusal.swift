internal import CNI
internal import LinuxSystem
internal import NetworkAddresses
internal import State

// Why there is no address, in words that help. It passes as soon as any container goes, so it is worth another try.

extension LeaseStore {
  /// Whether a range set has an address left.
  func hasFreeAddress(of set: SubnetRangeSet) throws(PluginError) -> Bool {
    try onStore { () throws(SystemError) in try hasFreeAddress(in: set.pool) }
  }

  /// The error that an address that was asked for is somebody else's.
  func refusal(of address: IPAddress, in pool: AddressPool, to owner: LeaseOwner) throws(PluginError) -> PluginError {
    let reason = try onStore { () throws(SystemError) -> String? in
      if let lease = try lease(of: address) {
        if lease.holder == .unreadable { return "its lease file cannot be read" }
        return "it is leased to \(lease.holder), since \(timestamp(lease.since))"
      }
      return try rest(of: address, for: owner).map { "it rests after its release, for another \($0) s" }
    }
    return PluginError(
      .tryAgain, "requested IP address \(address) is not available in range set \(pool)", details: reason)
  }

  /// The error that a range set has no address left.
  ///
  /// - Parameter network: The name of the network.
  func exhaustion(of set: SubnetRangeSet, in network: String) throws(PluginError) -> PluginError {
    let found = try onStore { () throws(SystemError) in
      try occupancy(of: set.pool, oldest: 3, holders: mostHoldersLookedAt)
    }
    return PluginError(
      .tryAgain, "no IP addresses available in range set: \(set.pool)",
      details: found.explanation(reclaimable: reclaimableCount(of: found.holders, in: network)))
  }
}

/// A /22 is looked at completely, in some milliseconds. In a larger range the count says "at least".
private let mostHoldersLookedAt = 1024

/// How many holders have no network namespace any more: what they hold is released by GC, or by the DEL that the runtime
/// owes them. The journal knows which namespace each of our attachments is in; of others nothing is known.
private func reclaimableCount(of holders: [LeaseHolder], in network: String) -> Int {
  holders.count { holder in
    guard case .owner(let owner) = holder else { return false }
    let attachment = Attachment(
      network: network, containerID: owner.containerID, interfaceName: owner.interfaceName)
    guard let record = (try? Journal().record(of: attachment)) ?? nil else { return false }
    do { return try FileIdentity.ifPresent(atPath: record.namespacePath) != record.namespace } catch { return false }
  }
}

extension PoolOccupancy {
  /// What a person wants to know who has to free an address.
  fileprivate func explanation(reclaimable: Int) -> String {
    guard capacity > 0 else { return "every address is excluded, or a gateway's" }
    var parts = ["\(leased) of \(capacity) addresses are leased"]
    let count = holders.count < leased && reclaimable > 0 ? "at least \(reclaimable)" : "\(reclaimable)"
    parts.append("\(count) of them could be reclaimed, by GC or DEL, from containers whose network namespace is gone")
    if let firstRestEnds {
      parts.append("\(resting) more rest after their release, the first for another \(firstRestEnds) s")
    }
    if !oldest.isEmpty {
      let leases = oldest.map { "\($0.address) since \(timestamp($0.since)) by \($0.holder)" }
      parts.append("the oldest leases: " + leases.joined(separator: ", "))
    }
    return parts.joined(separator: "; ")
  }
}

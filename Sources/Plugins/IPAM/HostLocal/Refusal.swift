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
        if lease.holder == .unreadable { return "its lease file \(quoted(path(of: address))) cannot be read" }
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
    let message = "no IP addresses available in range set: \(set.pool)"
    guard set.pool.capacity > 0 else {
      throw PluginError(.invalidConfiguration, message, details: "every address is excluded, or a gateway's")
    }
    let found = try onStore { () throws(SystemError) in
      try occupancy(of: set.pool, oldest: 3, holders: mostHoldersLookedAt)
    }
    return PluginError(
      .tryAgain, message, details: found.explanation(HolderCount(found.holders, in: network)))
  }
}

/// A /22 is looked at completely, in some milliseconds. In a larger range the count says "at least".
private let mostHoldersLookedAt = 1024

/// What is known about the containers of some leases.
private struct HolderCount {
  /// How many have no network namespace any more: what they hold is released by GC, or by the DEL that the runtime owes.
  var gone = 0
  /// Of how many nothing is known, because no plugin of ours attached them.
  var unknown = 0

  /// Asks the journal, which knows which namespace each of our attachments is in.
  init(_ holders: [LeaseHolder], in network: String) {
    for holder in holders {
      guard case .owner(let owner) = holder, let record = Self.record(of: owner, in: network) else {
        unknown += 1
        continue
      }
      guard let namespace = try? Optional(FileIdentity.ifPresent(atPath: record.namespacePath)) else { continue }
      if namespace != record.namespace { gone += 1 }
    }
  }

  private static func record(of owner: LeaseOwner, in network: String) -> AttachmentRecord? {
    let attachment = Attachment(
      network: network, containerID: owner.containerID, interfaceName: owner.interfaceName)
    return (try? Journal().record(of: attachment)) ?? nil
  }
}

extension PoolOccupancy {
  /// What a person wants to know who has to free an address.
  fileprivate func explanation(_ count: HolderCount) -> String {
    var parts = ["\(leased) of \(capacity) usable addresses are leased"]
    if let firstRestEnds {
      parts.append("\(resting) at rest after their release, the first for another \(firstRestEnds) s")
    }
    let atLeast = holders.count < leased ? "at least " : ""
    parts.append(
      "\(atLeast)\(count.gone) could be reclaimed by GC or DEL, the network namespace of the container being gone")
    if count.unknown > 0 { parts.append("of \(count.unknown) it is not known whether the container exists") }
    if !oldest.isEmpty {
      let leases = oldest.map { "\($0.address) since \(timestamp($0.since)) by \($0.holder)" }
      parts.append("the oldest leases: " + leases.joined(separator: ", "))
    }
    return parts.joined(separator: "; ")
  }
}

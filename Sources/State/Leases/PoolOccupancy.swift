package import LinuxSystem
internal import NetworkAddresses

/// Who has the addresses of a pool, for the one who did not get any.
package struct PoolOccupancy: Sendable {
  /// How many addresses can be handed out.
  package let capacity: UInt128
  /// How many of them are leased.
  package internal(set) var leased = 0
  /// How many of them rest after their release.
  package internal(set) var resting = 0
  /// In how many seconds the first of them has rested; nil where none rests.
  package internal(set) var firstRestEnds: Int?
  /// The leases that were made first, oldest first.
  package internal(set) var oldest: [Lease] = []
  /// Holders of the leases, in no order: as many as were asked for.
  package internal(set) var holders: [LeaseHolder] = []
}

extension LeaseStore {
  /// Counts what a pool's addresses are used for. The cost grows with their number.
  ///
  /// - Parameters:
  ///   - oldestCount: How many of the oldest leases to name.
  ///   - holderCount: How many holders to name at most.
  package func occupancy(of pool: AddressPool, oldest oldestCount: Int, holders holderCount: Int) throws(SystemError)
    -> PoolOccupancy
  {
    var occupancy = PoolOccupancy(capacity: pool.capacity)
    var oldest: [IndexRecord] = []
    let now = nanosecondsSinceBoot()
    try index.forEachRecord { record throws(SystemError) in
      if record.kind == .resting, let rest = record.rest(under: policy, at: now), pool.offers(record.address) {
        let seconds = Int(rest / 1_000_000_000) + 1
        occupancy.firstRestEnds = min(seconds, occupancy.firstRestEnds ?? seconds)
        occupancy.resting += 1
      }
      guard record.isLease, pool.offers(record.address) else { return }
      occupancy.leased += 1
      let place = oldest.firstIndex { record.isOlder(than: $0) } ?? oldest.count
      if place < oldestCount {
        oldest.insert(record, at: place)
        if oldest.count > oldestCount { oldest.removeLast() }
      }
      if occupancy.holders.count < holderCount, let file = try directory.leaseFile(of: record.address) {
        occupancy.holders.append(file.holder)
      }
    }
    for record in oldest {
      guard let lease = try lease(of: record.address) else { continue }
      occupancy.oldest.append(lease)
    }
    return occupancy
  }
}

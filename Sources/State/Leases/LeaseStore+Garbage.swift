internal import CLinux
package import LinuxSystem
package import NetworkAddresses

// What is released without its holder asking for it.
extension LeaseStore {
  /// Releases every lease that names nobody, or whose holder is not among those given.
  ///
  /// What an ADD holds that has not been answered yet is in nobody's list, and stays: a lease that was made after the list,
  /// and one whose ADD still goes on. So does a lease of a whole container while any interface of the container is given,
  /// and a file that cannot be read.
  ///
  /// - Parameter start: When the list was there, or shortly after it.
  /// - Returns: The addresses that are free now.
  /// - Throws: The first failure, after every lease was tried.
  @discardableResult
  package func releaseAll(except owners: [LeaseOwner], listedBefore start: Moment = Moment())
    throws(SystemError) -> [IPAddress]
  {
    // Sorted numbers: a set of owners would be most of the code here.
    let valid = owners.map(\.hash).sorted()
    let validContainers = owners.compactMap { LeaseHolder.container($0.containerID).hash }.sorted()
    let isValid = { (hash: UInt64) in valid.containsInOrder(hash) || validContainers.containsInOrder(hash) }
    // The index says where to look, and the file whose it is. Only addresses are gathered: there may be many.
    var garbage: [IPAddress] = []
    try index.forEachLease { record throws(SystemError) in
      if record.kind == .lease {
        guard !isValid(record.key), !Self.wasMade(record, after: start), !Self.isBeingAdded(record) else { return }
      }
      guard let file = try directory.leaseFile(of: record.address), file.holder != .unreadable else { return }
      if let hash = file.holder.hash, isValid(hash) { return }
      garbage.append(record.address)
    }
    return try release(garbage)
  }

  /// Whether a lease was made after a moment. Of one that somebody else made, its file's time says it.
  private static func wasMade(_ record: IndexRecord, after moment: Moment) -> Bool {
    record.made > 0 ? record.made >= moment.sinceBoot : record.modified >= moment.since1970
  }

  /// Whether the process that asked for a lease is still at work: it lives, it is no younger than the lease, and it is not
  /// the one that collects, or its ancestor. No ADD takes longer than some minutes, so a lease that is older is done with
  /// whatever its process does now.
  private static func isBeingAdded(_ record: IndexRecord) -> Bool {
    guard record.process > 0, nanosecondsSinceBoot() &- record.made < longestAdd else { return false }
    guard let status = ProcessStatus(of: record.process), status.started <= record.made else { return false }
    return !ProcessStatus.isAncestorOrSelf(record.process)
  }

  /// In nanoseconds. Runtimes give up after two to four minutes.
  private static let longestAdd: Int64 = 600_000_000_000

  /// Releases the leases of a pool that name nobody. Their addresses are needed.
  ///
  /// - Returns: Whether there were any.
  func releaseHolderless(in pool: AddressPool) throws(SystemError) -> Bool {
    let leases = try holderlessLeases(in: pool)
    return try !release(leases).isEmpty
  }

  func hasHolderlessLease(in pool: AddressPool) throws(SystemError) -> Bool { try !holderlessLeases(in: pool).isEmpty }

  private func holderlessLeases(in pool: AddressPool) throws(SystemError) -> [IPAddress] {
    guard index.hasHolderlessLeases else { return [] }
    var addresses: [IPAddress] = []
    try index.forEachLease { record throws(SystemError) in
      guard record.kind == .holderless, pool.offers(record.address) else { return }
      if try directory.leaseFile(of: record.address)?.holder == .nobody { addresses.append(record.address) }
    }
    return addresses
  }
}

extension [UInt64] {
  /// Whether a sorted array contains a number.
  fileprivate func containsInOrder(_ number: UInt64) -> Bool {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low] == number
  }
}

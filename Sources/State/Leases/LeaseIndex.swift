internal import LinuxSystem
internal import NetworkAddresses

/// The questions about many leases at once, which the name of one file does not answer.
///
/// Today each answer is one scan of the directory. This is the only place that scans, so what makes the answers
/// independent of the number of leases goes in here.
struct LeaseIndex: Sendable {
  let directory: LeaseDirectory

  /// Every address that is taken. Reads names only.
  func takenAddresses() throws(SystemError) -> Set<IPAddress> {
    Set(try namesInDirectory(directory.path).compactMap(directory.address(ofFile:)))
  }

  /// Every lease with its holder. Reads each lease file once, and no other file.
  func leases() throws(SystemError) -> [Lease] {
    var leases: [Lease] = []
    for name in try namesInDirectory(directory.path) {
      guard let address = directory.address(ofFile: name), let holder = try directory.holder(of: address) else {
        continue
      }
      leases.append(Lease(address: address, holder: holder))
    }
    return leases
  }

  /// The leases that an owner holds, in its name or in that of its whole container.
  func leases(of owner: LeaseOwner) throws(SystemError) -> [Lease] { try leases().filter { $0.holder.includes(owner) } }
}

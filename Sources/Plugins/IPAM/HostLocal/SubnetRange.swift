internal import CNI
internal import NetworkAddresses
internal import State

/// A range that makes sense: the addresses of a subnet from one to another.
struct SubnetRange {
  let subnet: CIDR

  /// The gateway of the subnet. It need not lie in it.
  let gateway: IPAddress

  /// The addresses; the gateway is left out, and what the configuration excludes.
  let addresses: AddressRange

  /// Fills in what was not given, and refuses what makes no sense.
  ///
  /// - Parameter excluded: What is excluded in every range, beside what the range itself excludes.
  init(_ given: GivenRange, excluding excluded: [ExcludedAddresses]) throws(PluginError) {
    guard let subnet = given.subnet else { throw invalid("a range has no subnet") }
    guard !given.isMapped else { throw invalid("IPNet IP and Mask version mismatch") }
    guard subnet.prefixLength <= subnet.address.bitWidth - 2, let second = subnet.firstAddress.next else {
      throw invalid("Network \(subnet.network) too small to allocate from")
    }
    guard subnet == subnet.network else {
      throw invalid(
        "Network has host bits set. For a subnet mask of length \(subnet.prefixLength) the network address is "
          + "\(subnet.firstAddress)")
    }
    let first = given.first ?? second
    let last = given.last ?? lastUsableAddress(of: subnet)
    let gateway = given.gateway ?? second

    guard subnet.contains(first) else { throw invalid("RangeStart \(first) not in network \(subnet)") }
    guard subnet.contains(last) else { throw invalid("RangeEnd \(last) not in network \(subnet)") }
    for excluded in given.excluded where !(subnet.firstAddress...subnet.lastAddress).overlaps(excluded.addresses) {
      throw invalid("excluded \(excluded.text) is not in network \(subnet)")
    }
    let neverGiven = [gateway...gateway, mappedAddresses] + (given.excluded + excluded).map(\.addresses)
    guard let addresses = AddressRange(from: first, through: last, excluding: neverGiven) else {
      // The wrong order is the fault of the one that was given; of the start where both were.
      throw given.first == nil
        ? invalid("RangeEnd \(last) not in network \(subnet)") : invalid("RangeStart \(first) not in network \(subnet)")
    }
    self.subnet = subnet
    self.gateway = gateway
    self.addresses = addresses
  }
}

/// Ranges of one family, out of which one address is given.
struct SubnetRangeSet {
  let ranges: [SubnetRange]
  let pool: AddressPool

  /// - Parameters:
  ///   - number: The set's place among those of the configuration, from zero.
  ///   - excluded: What is excluded in every range.
  init(number: Int, _ given: [GivenRange], excluding excluded: [ExcludedAddresses]) throws(PluginError) {
    guard !given.isEmpty else { throw invalid("empty range set") }
    var ranges: [SubnetRange] = []
    for range in given {
      ranges.append(try SubnetRange(range, excluding: excluded))
      guard ranges[0].family == ranges[ranges.count - 1].family else { throw invalid("mixed address families") }
    }
    let addresses = ranges.map(\.addresses)
    for (index, range) in addresses.enumerated() {
      if let other = addresses[(index + 1)...].first(where: range.overlaps) {
        throw invalid("subnets \(range) and \(other) overlap")
      }
    }
    self.ranges = ranges
    pool = AddressPool(number: number, addresses)
  }

  var family: AddressFamily { ranges[0].family }

  /// The range that an address lies in.
  func range(of address: IPAddress) -> SubnetRange? { ranges.first { $0.addresses.contains(address) } }

  func overlaps(_ addresses: ClosedRange<IPAddress>) -> Bool {
    pool.ranges.contains { ($0.first...$0.last).overlaps(addresses) }
  }

  func overlaps(_ other: SubnetRangeSet) -> Bool {
    pool.ranges.contains { range in other.pool.ranges.contains(where: range.overlaps) }
  }
}

extension SubnetRange {
  fileprivate var family: AddressFamily { subnet.address.family }
}

extension HostLocalConfiguration {
  /// The range sets, of each of which an ADD gives one address. There is one at least.
  func rangeSets(for version: SpecVersion) throws(PluginError) -> [SubnetRangeSet] {
    guard !givenRangeSets.isEmpty else { throw invalid("no IP ranges specified") }
    var sets: [SubnetRangeSet] = []
    for (number, given) in givenRangeSets.enumerated() {
      do throws(PluginError) {
        sets.append(try SubnetRangeSet(number: number, given, excluding: excluded))
      } catch {
        throw error.during("invalid range set \(number)")
      }
    }
    try checkAddressCount(sets.map(\.family), for: version)
    for (number, set) in sets.enumerated() {
      if let other = sets[(number + 1)...].firstIndex(where: set.overlaps) {
        throw invalid("range set \(number) overlaps with \(other)")
      }
    }
    for excluded in excluded where !sets.contains(where: { $0.overlaps(excluded.addresses) }) {
      throw invalid("ipam.exclude: \(excluded.text) is in no range")
    }
    return sets
  }

  /// The same for a question that is about no container: where the runtime brings the ranges with each container, there
  /// may be none.
  func rangeSetsKnownWithoutContainer(for version: SpecVersion) throws(PluginError) -> [SubnetRangeSet] {
    if givenRangeSets.isEmpty && hasRangesPerContainer { return [] }
    return try rangeSets(for: version)
  }
}

/// `::ffff:0:0/96`: IPv4 addresses in the guise of IPv6 ones. As the name of a file one reads as the IPv4 address.
private let mappedAddresses =
  IPAddress.v6(IPv6Address(rawValue: 0xffff_0000_0000))...IPAddress.v6(IPv6Address(rawValue: 0xffff_ffff_ffff))

/// The last address of a subnet that is not for a special purpose: IPv4 has its broadcast address there.
private func lastUsableAddress(of subnet: CIDR) -> IPAddress {
  switch subnet.lastAddress {
  case .v4(let broadcast): .v4(IPv4Address(rawValue: broadcast.rawValue - 1))
  case .v6: subnet.lastAddress
  }
}

private func invalid(_ message: String) -> PluginError { PluginError(.invalidConfiguration, message) }

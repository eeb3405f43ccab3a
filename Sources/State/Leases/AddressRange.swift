package import NetworkAddresses

/// The addresses from one to another, both included, of one family.
///
/// A range is a few numbers, never a list: a /64 costs what a /30 costs.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
  /// The lowest address.
  package let first: IPAddress

  /// The highest address.
  package let last: IPAddress

  /// The parts that are handed out, in order: all but the excluded addresses.
  package let offered: [ClosedRange<IPAddress>]

  /// Makes a range; nil when the addresses are of two families or in the wrong order.
  ///
  /// - Parameter excluded: Addresses that are never handed out: the gateway's, and those that the configuration keeps
  ///   for something else. They may overlap one another, and lie outside the range.
  package init?(from first: IPAddress, through last: IPAddress, excluding excluded: [ClosedRange<IPAddress>] = []) {
    guard first.family == last.family, first <= last else { return nil }
    self.first = first
    self.last = last
    self.offered = Self.parts(of: first...last, excluding: excluded)
  }

  private static func parts(of range: ClosedRange<IPAddress>, excluding excluded: [ClosedRange<IPAddress>])
    -> [ClosedRange<IPAddress>]
  {
    var parts: [ClosedRange<IPAddress>] = []
    var start = range.lowerBound
    for hole in excluded.sorted(by: { $0.lowerBound < $1.lowerBound }) where hole.overlaps(range) {
      if start < hole.lowerBound, let end = hole.lowerBound.previous { parts.append(start...end) }
      guard hole.upperBound < range.upperBound, let next = hole.upperBound.next else { return parts }
      start = max(start, next)
    }
    return parts + [start...range.upperBound]
  }

  /// Whether the address lies in the range, be it one that is never handed out.
  package func contains(_ address: IPAddress) -> Bool { (first...last).contains(address) }

  /// Whether an address lies in both ranges.
  package func overlaps(_ other: AddressRange) -> Bool { (first...last).overlaps(other.first...other.last) }

  /// How many addresses can be handed out. The one number that does not fit, that of all IPv6 addresses, is one less.
  package var capacity: UInt128 {
    offered.reduce(0) { sum, part in
      let (count, overflow) = (part.upperBound.number - part.lowerBound.number).addingReportingOverflow(1)
      return overflow ? .max : sum + count
    }
  }

  /// Whether the range can hand the address out.
  package func offers(_ address: IPAddress) -> Bool { offered.contains { $0.contains(address) } }

  /// `10.1.0.1-10.1.0.254`
  package var description: String { "\(first)-\(last)" }
}

package import NetworkAddresses

/// The addresses from one to another, both included, of one family.
///
/// A range is two numbers, never a list: a /64 costs what a /30 costs.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
  /// The lowest address.
  package let first: IPAddress

  /// The highest address.
  package let last: IPAddress

  /// An address that is never handed out, though it lies inside: the gateway's.
  package let excluded: IPAddress?

  /// Makes a range; nil when the addresses are of two families or in the wrong order.
  package init?(from first: IPAddress, through last: IPAddress, excluding excluded: IPAddress? = nil) {
    guard first.family == last.family, first <= last else { return nil }
    self.first = first
    self.last = last
    self.excluded = excluded
  }

  /// Whether the address lies in the range, be it the one that is never handed out.
  package func contains(_ address: IPAddress) -> Bool {
    address.family == first.family && first <= address && address <= last
  }

  /// Whether an address lies in both ranges.
  package func overlaps(_ other: AddressRange) -> Bool {
    other.first.family == first.family && other.first <= last && first <= other.last
  }

  /// How many addresses can be handed out. The one number that does not fit, that of all IPv6 addresses, is one less.
  package var capacity: UInt128 {
    let (count, overflow) = (last.number - first.number).addingReportingOverflow(1)
    let all = overflow ? .max : count
    guard let excluded, contains(excluded) else { return all }
    return all - 1
  }

  /// Whether the range can hand the address out.
  package func offers(_ address: IPAddress) -> Bool { contains(address) && address != excluded }

  /// `10.1.0.1-10.1.0.254`
  package var description: String { "\(first)-\(last)" }
}

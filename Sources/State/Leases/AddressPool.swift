package import NetworkAddresses

/// The ranges that one address is taken from: it may come from any of them, and they are used up in order.
package struct AddressPool: Hashable, Sendable, CustomStringConvertible {
  /// The pool's place among those of its network, from zero: which of the files `last_reserved_ip.*` is its own.
  package let number: Int

  /// The ranges, of one family, in the order in which they are used up.
  package let ranges: [AddressRange]

  package init(number: Int, _ ranges: [AddressRange]) {
    self.number = number
    self.ranges = ranges
  }

  /// Whether the address lies in one of the ranges, be it one that is never handed out.
  package func contains(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }

  /// Whether the pool can hand the address out.
  package func offers(_ address: IPAddress) -> Bool { ranges.contains { $0.offers(address) } }

  /// How many addresses can be handed out.
  package var capacity: UInt128 {
    ranges.reduce(0) { sum, range in
      let (total, overflow) = sum.addingReportingOverflow(range.capacity)
      return overflow ? .max : total
    }
  }

  /// Every address that can be handed out, once, in the order in which they are tried: from the one after the address
  /// that was handed out last, through the ranges in order and round to the start, so that a freed address rests as
  /// long as possible.
  ///
  /// - Parameter last: The address that was handed out last. One that is not in the pool counts as none.
  package func candidates(after last: IPAddress?) -> AddressCandidates { AddressCandidates(ranges, after: last) }

  /// The ranges, separated by commas.
  package var description: String { ranges.map(\.description).joined(separator: ",") }
}

/// A walk once round the addresses of a pool. See ``AddressPool/candidates(after:)``.
package struct AddressCandidates: IteratorProtocol {
  private let ranges: [AddressRange]
  private let start: Position?
  private var position: Position?

  /// An address in one of the ranges.
  private struct Position: Equatable {
    var range: Int
    var address: IPAddress
  }

  fileprivate init(_ ranges: [AddressRange], after last: IPAddress?) {
    self.ranges = ranges
    if let last, let range = ranges.firstIndex(where: { $0.contains(last) }) {
      start = Self.successor(of: Position(range: range, address: last), in: ranges)
    } else {
      start = ranges.first.map { Position(range: 0, address: $0.first) }
    }
    position = start
  }

  /// The next address to try; nil after one round.
  package mutating func next() -> IPAddress? {
    while let current = position {
      let successor = Self.successor(of: current, in: ranges)
      position = successor == start ? nil : successor
      if current.address != ranges[current.range].excluded { return current.address }
    }
    return nil
  }

  private static func successor(of position: Position, in ranges: [AddressRange]) -> Position {
    if position.address < ranges[position.range].last, let next = position.address.next {
      return Position(range: position.range, address: next)
    }
    let range = (position.range + 1) % ranges.count
    return Position(range: range, address: ranges[range].first)
  }
}

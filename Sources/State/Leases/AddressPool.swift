package import NetworkAddresses

/// The ranges that one address is taken from: it may come from any of them, and they are used up in order.
package struct AddressPool: Hashable, Sendable, CustomStringConvertible {
  /// The pool's place among those of its network, from zero: which of the files `last_reserved_ip.*` is its own. Whoever
  /// adds a pool gives it a number of its own, and leaves the others theirs.
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

  /// The parts in which a free address is looked for, in order: from the one after the address that was handed out last,
  /// through the ranges in order and round to the start, so that a freed address rests as long as possible. Each address
  /// that can be handed out is in one part; the one that was handed out last is the last.
  ///
  /// - Parameter last: The address that was handed out last. One that is not in the pool counts as none.
  func parts(after last: IPAddress?) -> [ClosedRange<IPAddress>] {
    guard let last, let range = ranges.firstIndex(where: { $0.contains(last) }) else {
      return ranges.flatMap(\.offered)
    }
    return parts(startingIn: range, at: last.next)
  }

  /// The parts, from the place in the pool that belongs to an attachment: the same one always, on every node.
  ///
  /// - Parameter hash: The attachment's number.
  func parts(from hash: UInt64) -> [ClosedRange<IPAddress>] {
    let capacity = capacity
    guard capacity > 0 else { return [] }
    // 64 bits spread evenly over any pool that is smaller, and reach far enough into one that is larger.
    var offset = UInt128(hash) % capacity
    for (index, range) in ranges.enumerated() {
      for part in range.offered {
        if let start = part.lowerBound.advanced(by: offset), start <= part.upperBound {
          return parts(startingIn: index, at: start)
        }
        offset -= part.upperBound.number - part.lowerBound.number + 1
      }
    }
    return []
  }

  /// The parts, of which the first begins with an address of a range; nil means the end of that range.
  private func parts(startingIn index: Int, at start: IPAddress?) -> [ClosedRange<IPAddress>] {
    var later: [ClosedRange<IPAddress>] = []
    var earlier: [ClosedRange<IPAddress>] = []
    for part in ranges[index].offered {
      guard let start, start <= part.upperBound else {
        earlier.append(part)
        continue
      }
      later.append(max(start, part.lowerBound)...part.upperBound)
      if part.lowerBound < start, let end = start.previous { earlier.append(part.lowerBound...end) }
    }
    return later + ranges[(index + 1)...].flatMap(\.offered) + ranges[..<index].flatMap(\.offered) + earlier
  }

  /// The ranges, separated by commas.
  package var description: String { ranges.map(\.description).joined(separator: ",") }
}

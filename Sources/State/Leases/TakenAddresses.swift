internal import LinuxSystem
internal import NetworkAddresses

/// Which addresses are taken, so that the next free one is found without looking at each that is not.
///
/// Blocks of 256 bits, one for each address; above them blocks of 256 bits, one for each block that is full; and so on.
/// Only blocks that have a bit set exist. A search goes up past what is full and down to what is free: four steps each way
/// for IPv4, and for IPv6 as many more as there are full blocks above one another.
enum TakenAddresses {
  /// Marks an address as taken.
  static func insert(_ address: IPAddress, in table: RecordTable) throws(SystemError) {
    var number = address.number
    for level in 0..<levels(of: address.family) {
      var (position, block) = try self.block(number >> 8, level: level, of: address.family, in: table)
      block.set(Int(number & 255), true)
      if let position { try table.replace(position, with: block) } else { try table.insert(block) }
      guard block.isFull else { return }
      number >>= 8
    }
  }

  /// Marks an address as free.
  static func remove(_ address: IPAddress, from table: RecordTable) throws(SystemError) {
    var number = address.number
    for level in 0..<levels(of: address.family) {
      var (position, block) = try self.block(number >> 8, level: level, of: address.family, in: table)
      guard let position else { return }
      let wasFull = block.isFull
      block.set(Int(number & 255), false)
      if block.isVacant { try table.remove(position) } else { try table.replace(position, with: block) }
      guard wasFull else { return }
      number >>= 8
    }
  }

  static func contains(_ address: IPAddress, in table: RecordTable) throws(SystemError) -> Bool {
    let (_, block) = try block(address.number >> 8, level: 0, of: address.family, in: table)
    return block.isTaken(Int(address.number & 255))
  }

  /// The first address of a range that is not taken.
  static func firstFree(in range: ClosedRange<IPAddress>, of table: RecordTable) throws(SystemError) -> IPAddress? {
    let family = range.lowerBound.family
    var number = range.lowerBound.number
    var level = 0
    // Up, until something to the right is free.
    while true {
      let block = try block(number >> 8, level: level, of: family, in: table).record
      if let bit = block.firstFree(from: Int(number & 255)) {
        number = number & ~255 | UInt128(bit)
        break
      }
      level += 1
      guard level < levels(of: family) else { return nil }
      number = (number >> 8) + 1
      // Past the family's last address there is nothing.
      guard number >> UInt128(family.bitWidth - 8 * level) == 0 else { return nil }
    }
    // Down to the first one in it.
    while level > 0 {
      level -= 1
      let block = try block(number, level: level, of: family, in: table).record
      // The block is not full, or the one above would say so.
      guard let bit = block.firstFree(from: 0) else { return nil }
      number = number << 8 | UInt128(bit)
    }
    guard let address = IPAddress(family, number: number), address <= range.upperBound else { return nil }
    return address
  }

  private static func levels(of family: AddressFamily) -> Int { family.byteCount }

  /// A block, and where it is; one in which nothing is taken where there is none.
  private static func block(_ number: UInt128, level: Int, of family: AddressFamily, in table: RecordTable)
    throws(SystemError) -> (position: RecordTable.Position?, record: IndexRecord)
  {
    let wanted = IndexRecord(block: number, level: level, of: family)
    if let found = try table.first(wanted.key, where: { $0.isSameBlock(as: wanted) }) {
      return (found.position, found.record)
    }
    return (nil, wanted)
  }
}

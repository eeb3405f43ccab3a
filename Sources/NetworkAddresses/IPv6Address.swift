/// An IPv6 address, without a zone: `fe80::1%eth0` is refused.
///
/// Its text is printed as RFC 5952 recommends (lower case, the longest run of zero groups shortened, IPv4-mapped
/// addresses with a dotted end) and parsed in every form of RFC 4291, section 2.2.
public struct IPv6Address: Hashable, Comparable, Sendable, LosslessStringConvertible {
  /// The address as an integer in the machine's byte order: `::1` is 1.
  public let rawValue: UInt128

  /// The address that an integer in the machine's byte order stands for.
  public init(rawValue: UInt128) { self.rawValue = rawValue }

  /// Parses the text of an address; nil when it is anything else.
  public init?(_ text: String) {
    self.init(ascii: text.utf8.span)
  }

  /// The IPv4 address inside `::ffff:0:0/96` (RFC 4291, section 2.5.5.2), if this is one.
  public var mappedIPv4: IPv4Address? {
    rawValue >> 32 == 0xffff ? IPv4Address(rawValue: UInt32(truncatingIfNeeded: rawValue)) : nil
  }

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

// MARK: Parsing

extension IPv6Address {
  init?(ascii text: Span<UInt8>) {
    // "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" has forty-five characters.
    guard (2...45).contains(text.count) else { return nil }
    let colon = UInt8(ascii: ":")
    var value: UInt128 = 0
    var groups = 0
    // How many groups stand before the "::".
    var groupsBeforeGap: Int?
    var position = 0

    if text[0] == colon {
      guard text[1] == colon else { return nil }
      groupsBeforeGap = 0
      position = 2
    }
    while position < text.count {
      var end = position
      while end < text.count && text[end] != colon { end += 1 }
      let part = text.extracting(position..<end)
      if let group = Self.group(part) {
        guard groups < 8 else { return nil }
        value = value << 16 | group
        groups += 1
      } else {
        // Only the end may be dotted, and it takes the place of two groups.
        guard end == text.count, groups <= 6, let dotted = IPv4Address(ascii: part) else { return nil }
        value = value << 32 | UInt128(dotted.rawValue)
        groups += 2
      }
      if end == text.count { break }
      position = end + 1
      // A single colon stands between two groups.
      if position == text.count { return nil }
      if text[position] == colon {
        guard groupsBeforeGap == nil else { return nil }
        groupsBeforeGap = groups
        position += 1
      }
    }

    guard let groupsBeforeGap else {
      guard groups == 8 else { return nil }
      rawValue = value
      return
    }
    // "::" stands for at least one group.
    guard groups < 8 else { return nil }
    let bitsAfterGap = UInt128(groups - groupsBeforeGap) * 16
    let after = value & ((1 << bitsAfterGap) - 1)
    let before = value >> bitsAfterGap
    rawValue = before << (128 - UInt128(groupsBeforeGap) * 16) | after
  }

  /// One to four hexadecimal digits.
  private static func group(_ text: Span<UInt8>) -> UInt128? {
    guard (1...4).contains(text.count) else { return nil }
    var value: UInt128 = 0
    for index in text.indices {
      guard let digit = hexadecimalValue(text[index]) else { return nil }
      value = value << 4 | UInt128(digit)
    }
    return value
  }
}

// MARK: Printing

extension IPv6Address {
  public var description: String {
    var text = ASCIIText()
    append(to: &text)
    return text.string
  }

  func append(to text: inout ASCIIText) {
    if let mappedIPv4 {
      for character in "::ffff:".unicodeScalars { text.append(character) }
      mappedIPv4.append(to: &text)
      return
    }
    let gap = longestRunOfZeroGroups
    for index in 0..<8 {
      if gap.contains(index) {
        // Together with the colon after the group before it, or with one of its own at the start.
        if index == gap.lowerBound { text.append(":") }
        if index == 0 { text.append(":") }
        continue
      }
      text.append(group(at: index), radix: 16)
      if index < 7 { text.append(":") }
    }
  }

  private func group(at index: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: rawValue >> UInt128(112 - 16 * index)) & 0xffff
  }

  /// The groups that "::" replaces: the longest run of at least two zero groups, the first of equals (RFC 5952, 4.2).
  private var longestRunOfZeroGroups: Range<Int> {
    var longest = 0..<0
    var start = 0
    for index in 0..<8 {
      if group(at: index) != 0 {
        start = index + 1
      } else if index + 1 - start > max(longest.count, 1) {
        longest = start..<(index + 1)
      }
    }
    return longest
  }
}

internal import CNI

extension Attachment {
  /// The name of the host's end of the attachment's veth pair: `veth` and eight hexadecimal digits, as the field knows
  /// it.
  ///
  /// It is derived from the attachment, so that it can be found without a record. Two attachments can fall on one name
  /// (there are 2³² of them): then the next one is taken.
  ///
  /// - Parameter attempt: 0 for the first choice.
  func hostLinkName(attempt: Int = 0) -> String {
    attempt == 0
      ? derivedLinkName(of: network, containerID, interfaceName)
      : derivedLinkName(of: network, containerID, interfaceName, String(attempt))
  }
}

/// The name of a link that is derived from what it belongs to: `veth` and eight hexadecimal digits.
func derivedLinkName(of parts: String...) -> String { "veth" + hexadecimalDigits(derivedNumber(of: parts)) }

/// A number that is derived from texts.
func derivedNumber(of parts: [String]) -> UInt32 {
  var hash = FowlerNollVoHash()
  for part in parts {
    hash.combine(part.utf8)
    // No name has a NUL in it, so the parts cannot run into each other.
    hash.combine(CollectionOfOne(0))
  }
  return hash.folded
}

/// FNV-1a with 64 bits: names need to be spread, not to be safe from an attacker, since a name that is taken is noticed.
private struct FowlerNollVoHash {
  private var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func combine(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }

  /// The two halves laid over each other, so that all 64 bits count.
  var folded: UInt32 { UInt32(truncatingIfNeeded: value ^ (value >> 32)) }
}

/// Eight hexadecimal digits.
func hexadecimalDigits(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 8 - digits.count) + digits
}

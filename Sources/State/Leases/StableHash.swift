/// Numbers for bytes that stay the same from process to process and from machine to machine, which `Hashable`'s do not.
///
/// FNV-1a spreads the bytes; the finisher of MurmurHash3 makes every bit of the result depend on all of them.
enum StableHash {
  static func of(_ bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return finished(hash)
  }

  /// A number for numbers: those of an address, say.
  static func of(_ high: UInt64, _ low: UInt64, _ kind: UInt64) -> UInt64 {
    finished(finished(finished(kind) ^ high) ^ low)
  }

  private static func finished(_ value: UInt64) -> UInt64 {
    var hash = value &+ 0x9e37_79b9_7f4a_7c15
    hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ hash >> 33
  }
}

/// A place for what expressions load and compare: sixteen words of four bytes. See `enum nft_registers` in
/// <linux/netfilter/nf_tables.h>.
///
/// The kernel numbers them twice: `NFT_REG_1` to `NFT_REG_4` are four words each, and `NFT_REG32_00` to `NFT_REG32_15`
/// one. Where both have a number for a place, the kernel and nft write the first, and so do we.
public struct Register: Hashable, Sendable {
  /// The word at which the place begins: 0 to 15.
  public let word: Int

  /// - Parameter word: 0 to 15.
  public init(word: Int = 0) { self.word = word & 15 }

  /// The place where the first value goes.
  public static let first = Register()

  /// The place behind a value of that many bytes.
  func after(byteCount: Int) -> Register { Register(word: word + (byteCount + 3) / 4) }

  /// The kernel's number.
  var number: UInt32 { UInt32(word % 4 == 0 ? 1 + word / 4 : 8 + word) }

  /// The register of a kernel's number; nil for the one that holds verdicts, and for no register.
  init?(number: UInt32) {
    switch number {
    case 1...4: self.init(word: 4 * (Int(number) - 1))
    case 8...23: self.init(word: Int(number) - 8)
    default: return nil
    }
  }
}

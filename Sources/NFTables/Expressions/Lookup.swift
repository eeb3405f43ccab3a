internal import CLinux
internal import Netlink

/// Looks a key up in a set or a map of the same table: `lookup` of <linux/netfilter/nf_tables.h>.
public struct Lookup: Equatable, Sendable {
  /// The name of the set.
  public var set: String

  /// Where the key is.
  public var register: Register

  /// What becomes of a map's value.
  public var result: Result

  /// Whether the rule goes on for keys that are **not** in the set.
  public var isInverted: Bool

  /// What becomes of a map's value.
  public enum Result: Equatable, Sendable {
    /// There is none.
    case membership

    /// Goes into a register.
    case data(Register)

    /// Is done.
    case verdict
  }

  public init(
    _ set: String, register: Register = .first, result: Result = .membership, isInverted: Bool = false
  ) {
    self.set = set
    self.register = register
    self.result = result
    self.isInverted = isInverted
  }

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_LOOKUP_SET, text: set)
    message.append(NFTA_LOOKUP_SREG, register)
    switch result {
    case .membership: break
    case .data(let register): message.append(NFTA_LOOKUP_DREG, register)
    case .verdict: message.append(NFTA_LOOKUP_DREG, NFT_REG_VERDICT)
    }
    if isInverted { message.append(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV) }
  }

  init(_ data: borrowing Attribute) throws(MalformedMessage) {
    var set: String?
    var register: Register?
    var result = Result.membership
    var isInverted = false
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_LOOKUP_SET: set = attribute.text
      case NFTA_LOOKUP_SREG: register = try attribute.register
      case NFTA_LOOKUP_DREG:
        result = try attribute.unsigned == NFT_REG_VERDICT.rawValue ? .verdict : .data(attribute.register)
      case NFTA_LOOKUP_FLAGS: isInverted = try attribute.unsigned & NFT_LOOKUP_F_INV.rawValue != 0
      default: break
      }
    }
    guard let set, let register else { throw MalformedMessage("lookup of nothing") }
    self.init(set, register: register, result: result, isInverted: isInverted)
  }
}

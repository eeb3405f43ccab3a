internal import CLinux
internal import Netlink

/// Compares what is in a register: `cmp` of <linux/netfilter/nf_tables.h>.
public struct Compare: Equatable, Sendable {
  /// `enum nft_cmp_ops`
  public enum Operator: UInt32, Sendable {
    case equal = 0
    case notEqual = 1
    case less = 2
    case lessOrEqual = 3
    case greater = 4
    case greaterOrEqual = 5
  }

  /// Where the value is.
  public var register: Register

  /// How the value must be for the rule to go on.
  public var `operator`: Operator

  /// What is compared with, in the byte order of what was loaded.
  public var value: [UInt8]

  public init(_ operator: Operator, _ value: [UInt8], register: Register = .first) {
    self.operator = `operator`
    self.value = value
    self.register = register
  }

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_CMP_SREG, register)
    message.append(NFTA_CMP_OP, `operator`.rawValue)
    message.append(NFTA_CMP_DATA, data: value)
  }

  init(_ data: borrowing Attribute) throws(MalformedMessage) {
    var register: Register?
    var `operator`: Operator?
    var value: [UInt8]?
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_CMP_SREG: register = try attribute.register
      case NFTA_CMP_OP: `operator` = Operator(rawValue: try attribute.unsigned)
      case NFTA_CMP_DATA: value = try attribute.data
      default: break
      }
    }
    guard let register, let `operator`, let value else { throw MalformedMessage("comparison of nothing") }
    self.init(`operator`, value, register: register)
  }
}

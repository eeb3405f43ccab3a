internal import CLinux
internal import Netlink

/// Puts a constant into a register: `immediate` of <linux/netfilter/nf_tables.h>. With a verdict it is
/// ``Expression/verdict(_:)``.
public struct Immediate: Equatable, Sendable {
  /// The constant, in the byte order of what takes it.
  public var value: [UInt8]

  /// Where it goes.
  public var register: Register

  public init(_ value: [UInt8], register: Register = .first) {
    self.value = value
    self.register = register
  }

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_IMMEDIATE_DREG, register)
    message.append(NFTA_IMMEDIATE_DATA, data: value)
  }

  /// Reads the attributes of either kind.
  static func expression(_ data: borrowing Attribute) throws(MalformedMessage) -> Expression {
    var register: Register?
    var value: ElementValue?
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_IMMEDIATE_DREG:
        if try attribute.unsigned != NFT_REG_VERDICT.rawValue { register = try attribute.register }
      case NFTA_IMMEDIATE_DATA: value = try ElementValue(attribute)
      default: break
      }
    }
    switch (value, register) {
    case (.verdict(let verdict), _): return .verdict(verdict)
    case (.data(let data), let register?): return .immediate(Immediate(data.bytes, register: register))
    default: throw MalformedMessage("constant without a value or a register")
    }
  }
}

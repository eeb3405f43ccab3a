internal import CLinux
internal import Netlink

/// Computes `(source & mask) ^ exclusiveOr`: `bitwise` of <linux/netfilter/nf_tables.h>.
public struct Bitwise: Equatable, Sendable {
  /// Where the value is taken from and put.
  public var register: Register

  /// In the byte order of what was loaded.
  public var mask: [UInt8]

  /// As many bytes as the mask has.
  public var exclusiveOr: [UInt8]

  public init(mask: [UInt8], exclusiveOr: [UInt8]? = nil, register: Register = .first) {
    self.mask = mask
    self.exclusiveOr = exclusiveOr ?? Array(repeating: 0, count: mask.count)
    self.register = register
  }

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_BITWISE_SREG, register)
    message.append(NFTA_BITWISE_DREG, register)
    message.append(NFTA_BITWISE_LEN, UInt32(mask.count))
    message.append(NFTA_BITWISE_MASK, data: mask)
    message.append(NFTA_BITWISE_XOR, data: exclusiveOr)
  }

  /// Reads the attributes; nil for a shift, and for one that moves the value to another register.
  init?(_ data: borrowing Attribute) throws(MalformedMessage) {
    var source: Register?
    var destination: Register?
    var mask: [UInt8]?
    var exclusiveOr: [UInt8]?
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_BITWISE_SREG: source = try attribute.register
      case NFTA_BITWISE_DREG: destination = try attribute.register
      case NFTA_BITWISE_MASK: mask = try attribute.data
      case NFTA_BITWISE_XOR: exclusiveOr = try attribute.data
      default: break
      }
    }
    guard let source, source == destination, let mask, let exclusiveOr else { return nil }
    self.init(mask: mask, exclusiveOr: exclusiveOr, register: source)
  }
}

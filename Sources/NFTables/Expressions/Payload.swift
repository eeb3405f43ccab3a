internal import CLinux
internal import Netlink

/// Loads a part of the packet: `payload` of <linux/netfilter/nf_tables.h>.
public struct Payload: Equatable, Sendable {
  /// What the offset is counted from.
  public enum Base: UInt32, Sendable {
    case linkHeader = 0
    case networkHeader = 1
    case transportHeader = 2
  }

  /// What the offset is counted from.
  public var base: Base

  /// Where the part begins, in bytes.
  public var offset: UInt32

  /// The size of the part, in bytes.
  public var length: UInt32

  /// Where the part goes.
  public var register: Register

  public init(_ base: Base, offset: UInt32, length: UInt32, register: Register = .first) {
    self.base = base
    self.offset = offset
    self.length = length
    self.register = register
  }

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_PAYLOAD_DREG, register)
    message.append(NFTA_PAYLOAD_BASE, base.rawValue)
    message.append(NFTA_PAYLOAD_OFFSET, offset)
    message.append(NFTA_PAYLOAD_LEN, length)
  }

  /// Reads the attributes; nil for what changes the packet instead.
  init?(_ data: borrowing Attribute) throws(MalformedMessage) {
    var register: Register?
    var base: Base?
    var offset: UInt32 = 0
    var length: UInt32 = 0
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_PAYLOAD_DREG: register = try attribute.register
      case NFTA_PAYLOAD_BASE: base = Base(rawValue: try attribute.unsigned)
      case NFTA_PAYLOAD_OFFSET: offset = try attribute.unsigned
      case NFTA_PAYLOAD_LEN: length = try attribute.unsigned
      default: break
      }
    }
    guard let register, let base else { return nil }
    self.init(base, offset: offset, length: length, register: register)
  }
}

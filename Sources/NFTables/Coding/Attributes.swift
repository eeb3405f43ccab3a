// How nf_tables writes attributes. **Its integers are big endian**, unlike rtnetlink's; this file is where they are
// swapped, and nothing else in the module knows of it. What lies in registers and in elements has the byte order of
// what it is compared with: packets are big endian, what the kernel keeps of a packet (mark, index) is the machine's.

internal import CLinux
internal import Netlink

/// A constant of <linux/netfilter/nf_tables.h>: `NFTA_TABLE_NAME`.
typealias Constant = RawRepresentable<UInt32>

extension MessageType {
  /// A message of nf_tables: an `NFT_MSG_*` constant.
  init(_ message: nf_tables_msg_types) {
    self.init(subsystem: UInt8(NFNL_SUBSYS_NFTABLES), message: UInt8(truncatingIfNeeded: message.rawValue))
  }
}

extension MessageBuilder {
  /// Begins a message of nf_tables about a family.
  init(_ message: nf_tables_msg_types, _ flags: MessageFlags, _ family: TableFamily) {
    self.init(
      MessageType(message), flags,
      nfgenmsg(nfgen_family: family.rawValue, version: UInt8(NFNETLINK_V0), res_id: 0))
  }

  @inline(__always)
  mutating func append(_ type: some Constant, _ value: UInt32) { append(Int(type.rawValue), value.bigEndian) }

  @inline(__always)
  mutating func append(_ type: some Constant, _ value: UInt64) { append(Int(type.rawValue), value.bigEndian) }

  @inline(__always)
  mutating func append(_ type: some Constant, _ value: some Constant) { append(type, value.rawValue) }

  @inline(__always)
  mutating func append(_ type: some Constant, byte: UInt8) { append(Int(type.rawValue), byte) }

  @inline(__always)
  mutating func append(_ type: some Constant, text: String) { append(Int(type.rawValue), text: text) }

  @inline(__always)
  mutating func append(_ type: some Constant, bytes: [UInt8]) { append(Int(type.rawValue), bytes: bytes) }

  @inline(__always)
  mutating func append(_ type: some Constant, _ register: Register) { append(type, register.number) }

  @inline(__always)
  mutating func nest(_ type: some Constant, _ body: (inout MessageBuilder) -> Void) {
    nest(Int(type.rawValue), body)
  }

  /// Appends bytes as `NFTA_DATA_VALUE` inside of an attribute.
  @inline(__always)
  mutating func append(_ type: some Constant, data: [UInt8]) {
    nest(type) { $0.append(NFTA_DATA_VALUE, bytes: data) }
  }
}

extension Attribute {
  /// The payload as an integer of nf_tables.
  var unsigned: UInt32 {
    get throws(MalformedMessage) { UInt32(bigEndian: try integer()) }
  }

  /// The payload as a long integer of nf_tables.
  var unsigned64: UInt64 {
    get throws(MalformedMessage) { UInt64(bigEndian: try integer()) }
  }

  /// The payload as a register.
  var register: Register {
    get throws(MalformedMessage) {
      let number = try unsigned
      guard let register = Register(number: number) else { throw MalformedMessage("register \(number)") }
      return register
    }
  }

  /// The bytes of a `NFTA_DATA_VALUE` in the payload.
  var data: [UInt8] {
    get throws(MalformedMessage) {
      var attributes = nested
      while let attribute = try attributes.next() {
        if case NFTA_DATA_VALUE = attribute.type { return attribute.bytes }
      }
      throw MalformedMessage("data without a value")
    }
  }
}

/// Lets a `switch` over ``Netlink/Attribute/type`` name constants.
@inline(__always)
func ~= (constant: some Constant, type: Int) -> Bool { Int(constant.rawValue) == type }

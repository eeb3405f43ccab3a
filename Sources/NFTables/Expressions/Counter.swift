internal import CLinux
internal import Netlink

/// Counts packets: `counter` of <linux/netfilter/nf_tables.h>. Two of them are equal whatever they have counted.
public struct Counter: Equatable, Sendable {
  /// How many packets came by.
  public var packets: UInt64

  /// How many bytes they had.
  public var bytes: UInt64

  public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
    self.packets = packets
    self.bytes = bytes
  }

  public static func == (left: Self, right: Self) -> Bool { true }

  func append(to message: inout MessageBuilder) {
    if packets == 0 { return }
    message.append(NFTA_COUNTER_BYTES, bytes)
    message.append(NFTA_COUNTER_PACKETS, packets)
  }

  init(_ data: borrowing Attribute) throws(MalformedMessage) {
    self.init()
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_COUNTER_BYTES: bytes = try attribute.unsigned64
      case NFTA_COUNTER_PACKETS: packets = try attribute.unsigned64
      default: break
      }
    }
  }
}

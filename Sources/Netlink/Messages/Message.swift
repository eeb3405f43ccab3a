internal import CLinux

/// One message from a socket. See `struct nlmsghdr` in <linux/netlink.h>.
public struct Message: ~Escapable {
  /// What it is about.
  public let type: MessageType

  /// How it is meant.
  public let flags: MessageFlags

  /// The number of the request that it answers; 0 for most notifications.
  public let sequence: UInt32

  /// What follows the header, without the padding.
  public let payload: RawSpan

  @_lifetime(copy payload)
  init(header: nlmsghdr, payload: RawSpan) {
    type = MessageType(rawValue: header.nlmsg_type)
    flags = MessageFlags(rawValue: header.nlmsg_flags)
    sequence = header.nlmsg_seq
    self.payload = payload
  }

  /// The structure at the start of the payload: `struct ifinfomsg`, `struct nfgenmsg`.
  public func header<Header: WireValue>(_ type: Header.Type = Header.self) throws(MalformedMessage) -> Header {
    try payload.load(type)
  }

  /// The attributes after that structure.
  @_lifetime(copy self)
  public func attributes<Header: WireValue>(after type: Header.Type) throws(MalformedMessage) -> AttributeCursor {
    let start = aligned(MemoryLayout<Header>.size)
    guard start <= payload.byteCount else {
      throw MalformedMessage("\(payload.byteCount) bytes where \(Header.self) needs \(MemoryLayout<Header>.size)")
    }
    return AttributeCursor(payload.extracting(start...))
  }
}

/// Reads the messages of a datagram one after the other. Every length is checked before it is used, and every step
/// moves on.
public struct MessageCursor: ~Escapable {
  private let bytes: RawSpan

  /// How many bytes have been read.
  private(set) var offset: Int

  /// Reads the messages that the bytes consist of, from an offset on.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, from offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  /// The next message; nil at the end.
  ///
  /// - Throws: ``MalformedMessage`` where a length is shorter than a header or longer than what is left.
  @_lifetime(copy self)
  public mutating func next() throws(MalformedMessage) -> Message? {
    let rest = bytes.byteCount - offset
    // The padding after the last message may be missing.
    if rest <= 0 { return nil }
    guard rest >= MemoryLayout<nlmsghdr>.size else {
      throw MalformedMessage("\(rest) bytes where a message should begin")
    }
    let header = try bytes.load(nlmsghdr.self, at: offset)
    let length = Int(header.nlmsg_len)
    guard length >= MemoryLayout<nlmsghdr>.size, length <= rest else {
      throw MalformedMessage("message of \(length) bytes where \(rest) are left")
    }
    let payload = bytes.extracting((offset + MemoryLayout<nlmsghdr>.size)..<(offset + length))
    offset += aligned(length)
    return Message(header: header, payload: payload)
  }
}

internal import CLinux
internal import SystemPackage

/// The kernel's answer to one request: `struct nlmsgerr` and the attributes that explain it, in <linux/netlink.h>.
struct Acknowledgement {
  /// Nil for success.
  let code: Errno?
  private(set) var message: String?
  private(set) var offset: UInt32?
  private(set) var missingAttribute: UInt32?

  /// Reads a message of the type ``MessageType/acknowledgement``.
  init(_ reply: borrowing Message) throws(MalformedMessage) {
    let answer = try reply.header(nlmsgerr.self)
    code = Self.code(answer.error)
    guard reply.flags.contains(.explained) else { return }
    // The request comes back between the two, with `NETLINK_CAP_ACK` no more than its header.
    var start = MemoryLayout<nlmsgerr>.size
    if !reply.flags.contains(.capped) {
      guard let length = Int(exactly: answer.msg.nlmsg_len), length >= MemoryLayout<nlmsghdr>.size else {
        throw MalformedMessage("acknowledgement of a message of \(answer.msg.nlmsg_len) bytes")
      }
      start += aligned(length - MemoryLayout<nlmsghdr>.size)
    }
    try readExplanation(reply.payload, from: start)
  }

  /// Reads a message of the type ``MessageType/done``, which ends a dump and may say that it failed.
  init(endOfDump reply: borrowing Message) throws(MalformedMessage) {
    // Some dumps end without a code.
    guard reply.payload.byteCount >= MemoryLayout<CInt>.size else {
      code = nil
      return
    }
    code = Self.code(try reply.header(CInt.self))
    if reply.flags.contains(.explained) { try readExplanation(reply.payload, from: MemoryLayout<CInt>.size) }
  }

  private static func code(_ negated: CInt) -> Errno? { negated == 0 ? nil : Errno(rawValue: 0 &- negated) }

  private mutating func readExplanation(_ payload: RawSpan, from start: Int) throws(MalformedMessage) {
    guard start <= payload.byteCount else { throw MalformedMessage("acknowledgement without its explanation") }
    var attributes = AttributeCursor(payload.extracting(start...))
    while let attribute = try attributes.next() {
      switch attribute.type {
      case Int(NLMSGERR_ATTR_MSG.rawValue): message = attribute.text
      case Int(NLMSGERR_ATTR_OFFS.rawValue): offset = try attribute.integer()
      case Int(NLMSGERR_ATTR_MISS_TYPE.rawValue): missingAttribute = try attribute.integer()
      default: break
      }
    }
  }

  /// The error that this is, if it is one.
  ///
  /// - Parameter operation: The request that it answers, in words.
  func error(in operation: @autoclosure () -> String) -> NetlinkError? {
    guard let code else { return nil }
    return NetlinkError(
      operation: operation(), code: code, kernelMessage: message, offset: offset, missingAttribute: missingAttribute)
  }
}

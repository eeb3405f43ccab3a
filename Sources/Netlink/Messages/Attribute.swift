internal import CLinux

/// One attribute of a message: a type and what belongs to it. See `struct nlattr` in <linux/netlink.h>.
///
/// Integers are in the machine's byte order, unless the protocol says something else.
public struct Attribute: ~Escapable {
  /// The type, without the flags that say how the payload is made. It is an `Int` because that is how Swift imports the
  /// constants (`IFLA_MTU`), so that a `switch` can name them.
  public let type: Int

  /// What follows the header, without the padding.
  public let payload: RawSpan

  @_lifetime(copy payload)
  init(type: Int, payload: RawSpan) {
    self.type = type
    self.payload = payload
  }

  /// The attributes that the payload consists of, for a type where it does.
  public var nested: AttributeCursor {
    @_lifetime(copy self)
    get { AttributeCursor(payload) }
  }

  /// The payload as an integer.
  public func integer<Value: FixedWidthInteger & WireValue>(as type: Value.Type = Value.self)
    throws(MalformedMessage) -> Value
  {
    try payload.load(type)
  }

  /// The payload as a C structure. A longer payload is fine: newer kernels append to structures.
  public func structure<Value: WireValue>(_ type: Value.Type) throws(MalformedMessage) -> Value {
    try payload.load(type)
  }

  /// The payload as a text, up to the first NUL. What is not UTF-8 is replaced by U+FFFD.
  public var text: String {
    var bytes = self.bytes
    if let end = bytes.firstIndex(of: 0) { bytes.removeSubrange(end...) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A copy of the payload.
  public var bytes: [UInt8] {
    [UInt8](capacity: payload.byteCount) { output in
      for offset in payload.byteOffsets { output.append(payload.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) }
    }
  }
}

/// Reads attributes one after the other. Every length is checked before it is used, and every step moves on.
///
///     var attributes = try message.attributes(after: ifinfomsg.self)
///     while let attribute = try attributes.next() {
///       switch attribute.type { ... }
///     }
public struct AttributeCursor: ~Escapable {
  private let bytes: RawSpan
  private var offset = 0

  /// Reads the attributes that the bytes consist of.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) { self.bytes = bytes }

  /// The next attribute; nil at the end.
  ///
  /// - Throws: ``MalformedMessage`` where a length is shorter than a header or longer than what is left.
  @_lifetime(copy self)
  public mutating func next() throws(MalformedMessage) -> Attribute? {
    let rest = bytes.byteCount - offset
    // The padding after the last attribute may be missing.
    if rest <= 0 { return nil }
    guard rest >= MemoryLayout<nlattr>.size else {
      throw MalformedMessage("\(rest) bytes where an attribute should begin")
    }
    let header = try bytes.load(nlattr.self, at: offset)
    let length = Int(header.nla_len)
    guard length >= MemoryLayout<nlattr>.size, length <= rest else {
      throw MalformedMessage("attribute of \(length) bytes where \(rest) are left")
    }
    let payload = bytes.extracting((offset + MemoryLayout<nlattr>.size)..<(offset + length))
    offset += aligned(length)
    return Attribute(type: Int(header.nla_type & SWIFTCNI_NLA_TYPE_MASK), payload: payload)
  }
}

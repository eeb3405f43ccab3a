internal import CLinux
internal import SystemPackage

/// Writes a message: a header, a structure, attributes, attributes inside of attributes. Lengths are measured after the
/// fact and patched in, never predicted.
///
///     var message = MessageBuilder(MessageType(RTM_NEWLINK), [.create, .exclusive], ifinfomsg())
///     message.append(IFLA_IFNAME, text: "eth0")
///     message.nest(IFLA_LINKINFO) { message in
///       message.append(IFLA_INFO_KIND, text: "veth")
///     }
///
/// Attribute types are `Int`, which is how Swift imports the constants of the kernel's headers.
public struct MessageBuilder: Sendable {
  /// The message so far. The length in its header is patched when it becomes a request.
  private(set) var bytes: [UInt8] = []

  /// Why this can be no message, if so: a text with a NUL in it (`EINVAL`), an attribute of more than 65535 bytes
  /// (`EMSGSIZE`). The request fails with it when it is performed.
  private(set) var defect: Errno?

  /// Begins a message of the given type with the structure that the type wants first.
  ///
  /// - Parameter flags: ``MessageFlags/request`` is always added.
  public init<Header: WireValue>(_ type: MessageType, _ flags: MessageFlags, _ header: Header) {
    bytes.reserveCapacity(256)
    let start = nlmsghdr(
      nlmsg_len: 0, nlmsg_type: type.rawValue, nlmsg_flags: flags.union(.request).rawValue, nlmsg_seq: 0, nlmsg_pid: 0)
    append(structure: start)
    append(structure: header)
  }

  /// Appends an attribute that holds an integer, in the machine's byte order unless the caller swapped it.
  public mutating func append<Value: FixedWidthInteger & WireValue>(_ type: Int, _ value: Value) {
    append(type, structure: value)
  }

  /// Appends an attribute that holds a C structure.
  public mutating func append<Value: WireValue>(_ type: Int, structure value: Value) {
    append(attribute: type, length: MemoryLayout<Value>.size)
    append(structure: value)
  }

  /// Appends an attribute that holds these bytes.
  public mutating func append(_ type: Int, bytes payload: some Collection<UInt8>) {
    append(attribute: type, length: payload.count)
    bytes.append(contentsOf: payload)
    pad()
  }

  /// Appends an attribute that holds a text with a NUL after it, as the kernel wants names.
  public mutating func append(_ type: Int, text: String) {
    if text.utf8.contains(0) { defect = .invalidArgument }
    append(attribute: type, length: text.utf8.count + 1)
    bytes.append(contentsOf: text.utf8)
    bytes.append(0)
    pad()
  }

  /// Appends an attribute that says all by being there.
  public mutating func append(flag type: Int) { append(attribute: type, length: 0) }

  /// Appends an attribute that holds the attributes which the body appends, and says so (`NLA_F_NESTED`).
  public mutating func nest<Failure: Error>(_ type: Int, _ body: (inout MessageBuilder) throws(Failure) -> Void)
    throws(Failure)
  {
    try append(type | Int(SWIFTCNI_NLA_F_NESTED), body)
  }

  /// Appends an attribute that holds what the body appends, where that is not attributes, or the kernel does not want
  /// to be told.
  public mutating func append<Failure: Error>(_ type: Int, _ body: (inout MessageBuilder) throws(Failure) -> Void)
    throws(Failure)
  {
    let start = beginAttribute(type)
    try body(&self)
    endRecord(start)
  }

  // Not generic and not inlined: the optimiser would carry it into other modules, where it does not find what it needs
  // to know of the C structure, and the compiler stops (6.3.1).
  @inline(never)
  private mutating func beginAttribute(_ type: Int) -> Int {
    let start = bytes.count
    append(structure: nlattr(nla_len: 0, nla_type: UInt16(truncatingIfNeeded: type)))
    return start
  }

  /// Appends a structure and what the body appends. The first two bytes of the structure become the length of both, as
  /// in `struct nlattr` and `struct rtnexthop`.
  public mutating func append<Header: WireValue, Failure: Error>(
    record header: Header, _ body: (inout MessageBuilder) throws(Failure) -> Void
  ) throws(Failure) {
    let start = bytes.count
    append(structure: header)
    try body(&self)
    endRecord(start)
  }

  private mutating func endRecord(_ start: Int) {
    let length = bytes.count - start
    guard let length = UInt16(exactly: length) else {
      defect = .messageTooLong
      return
    }
    withUnsafeBytes(of: length) { bytes.replaceSubrange(start..<(start + 2), with: $0) }
  }

  /// Appends a C structure as it lies in memory, and the padding after it.
  public mutating func append<Value: WireValue>(structure: Value) {
    withUnsafeBytes(of: structure) { bytes.append(contentsOf: $0) }
    pad()
  }

  private mutating func append(attribute type: Int, length: Int) {
    let total = MemoryLayout<nlattr>.size + length
    if total > UInt16.max { defect = .messageTooLong }
    append(
      structure: nlattr(
        nla_len: UInt16(truncatingIfNeeded: total), nla_type: UInt16(truncatingIfNeeded: type)))
  }

  private mutating func pad() {
    while bytes.count % 4 != 0 { bytes.append(0) }
  }
}

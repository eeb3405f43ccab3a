/// A call of a method over D-Bus, whose arguments are texts. See "Message Protocol" in the D-Bus specification.
struct DBusCall {
  /// The name of the service on the bus: `org.fedoraproject.FirewallD1`.
  let destination: String
  /// The object in the service: `/org/fedoraproject/FirewallD1`.
  let path: String
  /// The group of methods that the method is in.
  let interface: String
  /// The name of the method.
  let member: String
  /// The arguments, all of the type `s`.
  let arguments: [String]

  /// The number of the message; answers name it.
  static let firstSerial: UInt32 = 1

  /// The message as it goes over the socket, in little endian on every machine.
  func encoded(serial: UInt32) -> [UInt8] {
    var body = DBusWriter()
    for argument in arguments { body.appendText(argument) }

    var message = DBusWriter()
    message.append(UInt8(ascii: "l"))
    message.append(DBusReply.Kind.methodCall.rawValue)
    message.append(0)
    message.append(DBusReply.protocolVersion)
    message.appendInteger(UInt32(body.bytes.count))
    message.appendInteger(serial)
    // The length of the fields stands in front of them.
    let lengthPosition = message.bytes.count
    message.appendInteger(0)
    message.appendField(.path, type: "o", path)
    message.appendField(.interface, type: "s", interface)
    message.appendField(.member, type: "s", member)
    message.appendField(.destination, type: "s", destination)
    if !arguments.isEmpty { message.appendSignature(String(repeating: "s", count: arguments.count)) }
    message.setInteger(UInt32(message.bytes.count - lengthPosition - 4), at: lengthPosition)
    message.align(to: 8)
    return message.bytes + body.bytes
  }
}

/// A message from the bus: an answer, an error or a signal.
struct DBusReply {
  /// The type of a message: the specification's table "Message types".
  enum Kind: UInt8 {
    case methodCall = 1
    case methodReturn = 2
    case error = 3
    case signal = 4
  }

  /// The number of a header field: the specification's table "Header Fields".
  enum Field: UInt8 {
    case path = 1
    case interface = 2
    case member = 3
    case errorName = 4
    case replySerial = 5
    case destination = 6
    case sender = 7
    case signature = 8
  }

  /// The major version of the protocol.
  static let protocolVersion: UInt8 = 1

  /// The length of what every message begins with, in bytes.
  static let fixedLength = 16

  /// A longer message is refused, in bytes. Answers to texts are short.
  static let greatestLength = 65536

  /// What it is; nil for a type that is to be passed over.
  let kind: Kind?
  /// The number of the call that it answers; 0 for a message that answers none.
  private(set) var replySerial: UInt32 = 0
  /// The name of an error: `org.freedesktop.DBus.Error.ServiceUnknown`.
  private(set) var errorName = ""
  /// The first value where it is a text: the message of an error.
  private(set) var text: String?
  /// The first value where it is a boolean.
  private(set) var boolean: Bool?

  /// How long a message is.
  ///
  /// - Parameter start: The first ``fixedLength`` bytes.
  /// - Returns: The length in bytes; nil for something that is no message, or one that is too long.
  static func length(from start: [UInt8]) -> Int? {
    guard var reader = DBusReader(start), start[3] == protocolVersion else { return nil }
    reader.position = 4
    guard let body = reader.integer() else { return nil }
    reader.position = 12
    guard let fields = reader.integer() else { return nil }
    let length = (fixedLength + Int(fields) + 7) & ~7 + Int(body)
    return length <= greatestLength ? length : nil
  }

  /// Reads a whole message; nil for one that is malformed.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.fixedLength, var reader = DBusReader(bytes) else { return nil }
    kind = Kind(rawValue: bytes[1])
    reader.position = 12
    guard let fieldsLength = reader.integer() else { return nil }
    let end = Self.fixedLength + Int(fieldsLength)
    var signature = ""
    while reader.position < end {
      reader.align(to: 8)
      guard let code = reader.byte(), let type = reader.signature() else { return nil }
      // A variant of each type that a header field may have.
      switch type {
      case "u":
        guard let value = reader.integer() else { return nil }
        if Field(rawValue: code) == .replySerial { replySerial = value }
      case "g":
        guard let value = reader.signature() else { return nil }
        if Field(rawValue: code) == .signature { signature = value }
      case "s", "o":
        guard let value = reader.text() else { return nil }
        if Field(rawValue: code) == .errorName { errorName = value }
      default: return nil
      }
    }
    reader.position = (end + 7) & ~7
    switch signature.utf8.first {
    case UInt8(ascii: "s"):
      guard let value = reader.text() else { return nil }
      text = value
    case UInt8(ascii: "b"):
      guard let value = reader.integer() else { return nil }
      boolean = value != 0
    default: break
    }
  }
}

// MARK: - Marshalling

/// Appends values as "Marshaling" in the D-Bus specification has it.
private struct DBusWriter {
  private(set) var bytes: [UInt8] = []

  mutating func align(to boundary: Int) {
    while bytes.count % boundary != 0 { bytes.append(0) }
  }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  mutating func appendInteger(_ value: UInt32) {
    align(to: 4)
    let position = bytes.count
    for _ in 0..<4 { bytes.append(0) }
    setInteger(value, at: position)
  }

  mutating func setInteger(_ value: UInt32, at position: Int) {
    for index in 0..<4 { bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
  }

  mutating func appendText(_ text: String) {
    appendInteger(UInt32(text.utf8.count))
    bytes += text.utf8
    bytes.append(0)
  }

  /// Appends a header field: its number, and a variant of a type that is written as a text.
  mutating func appendField(_ field: DBusReply.Field, type: String, _ text: String) {
    align(to: 8)
    append(field.rawValue)
    appendShortText(type)
    appendText(text)
  }

  /// Appends the header field that says which types the body is of.
  mutating func appendSignature(_ signature: String) {
    align(to: 8)
    append(DBusReply.Field.signature.rawValue)
    appendShortText("g")
    appendShortText(signature)
  }

  private mutating func appendShortText(_ text: String) {
    append(UInt8(text.utf8.count))
    bytes += text.utf8
    bytes.append(0)
  }
}

/// Reads values in the byte order that the message says it is in. What would lie past the end is nil.
private struct DBusReader {
  var position = 0
  private let bytes: [UInt8]
  private let isBigEndian: Bool

  /// - Returns: nil where the first byte is no byte order.
  init?(_ bytes: [UInt8]) {
    switch bytes.first {
    case UInt8(ascii: "l"): isBigEndian = false
    case UInt8(ascii: "B"): isBigEndian = true
    default: return nil
    }
    self.bytes = bytes
  }

  mutating func align(to boundary: Int) { position = (position + boundary - 1) & ~(boundary - 1) }

  mutating func byte() -> UInt8? {
    guard position < bytes.count else { return nil }
    position += 1
    return bytes[position - 1]
  }

  mutating func integer() -> UInt32? {
    align(to: 4)
    guard position + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for index in 0..<4 { value = value << 8 | UInt32(bytes[position + (isBigEndian ? index : 3 - index)]) }
    position += 4
    return value
  }

  /// A text, or the path of an object.
  mutating func text() -> String? {
    guard let length = integer() else { return nil }
    return text(length: Int(length))
  }

  mutating func signature() -> String? {
    guard let length = byte() else { return nil }
    return text(length: Int(length))
  }

  private mutating func text(length: Int) -> String? {
    guard position + length < bytes.count else { return nil }
    defer { position += length + 1 }
    return String(decoding: bytes[position..<position + length], as: UTF8.self)
  }
}

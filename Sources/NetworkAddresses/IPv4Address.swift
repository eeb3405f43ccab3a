/// An IPv4 address.
///
/// Its text is four decimal numbers (`10.1.0.7`). A leading zero is refused, because some programs read it as octal and
/// others do not: `10.01.0.7` is no address.
public struct IPv4Address: Hashable, Comparable, Sendable, LosslessStringConvertible {
  /// The address as an integer in the machine's byte order: 10.0.0.1 is 0x0a000001.
  public let rawValue: UInt32

  /// The address that an integer in the machine's byte order stands for.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Parses the dotted text of an address; nil when it is anything else.
  public init?(_ text: String) {
    self.init(ascii: text.utf8.span)
  }

  init?(ascii text: Span<UInt8>) {
    // "255.255.255.255" has fifteen characters.
    guard text.count <= 15 else { return nil }
    var value: UInt32 = 0
    var parts = 0
    var start = 0
    for end in 0...text.count where end == text.count || text[end] == UInt8(ascii: ".") {
      guard parts < 4, let part = decimalValue(text.extracting(start..<end)), part <= 255 else { return nil }
      value = value << 8 | part
      parts += 1
      start = end + 1
    }
    guard parts == 4 else { return nil }
    rawValue = value
  }

  public var description: String {
    var text = ASCIIText()
    append(to: &text)
    return text.string
  }

  func append(to text: inout ASCIIText) {
    for shift: UInt32 in [24, 16, 8] {
      text.append(rawValue >> shift & 255)
      text.append(".")
    }
    text.append(rawValue & 255)
  }

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A short text under construction, without an allocation: the longest address and prefix in words fits.
struct ASCIIText {
  private var bytes = InlineArray<64, UInt8>(repeating: 0)
  private var count = 0

  mutating func append(_ byte: UInt8) {
    bytes[count] = byte
    count += 1
  }

  mutating func append(_ character: Unicode.Scalar) { append(UInt8(ascii: character)) }

  /// Appends a number in the given radix, in lower case and without leading zeros.
  mutating func append(_ number: UInt32, radix: UInt32 = 10) {
    if number >= radix { append(number / radix, radix: radix) }
    append(Self.digit(UInt8(number % radix)))
  }

  /// Appends two hexadecimal digits.
  mutating func append(hexadecimal byte: UInt8) {
    append(Self.digit(byte >> 4))
    append(Self.digit(byte & 15))
  }

  var string: String {
    String(unsafeUninitializedCapacity: count) { buffer in
      for index in 0..<count { buffer[index] = bytes[index] }
      return count
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

/// The value of a hexadecimal digit in either case.
func hexadecimalValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

/// The value of a decimal number that is all of the text. Signs, leading zeros and more than three digits are refused:
/// no part of an address needs them.
func decimalValue(_ text: Span<UInt8>) -> UInt32? {
  guard (1...3).contains(text.count) else { return nil }
  if text.count > 1 && text[0] == UInt8(ascii: "0") { return nil }
  var value: UInt32 = 0
  for index in text.indices {
    let digit = text[index]
    guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
    value = value * 10 + UInt32(digit - UInt8(ascii: "0"))
  }
  return value
}

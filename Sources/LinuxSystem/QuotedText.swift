/// Returns the text in double quotes with control characters, quotes and backslashes escaped, so that a message which
/// contains bytes from outside stays one line.
public func quoted(_ text: some StringProtocol) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    case "\r": result += "\\r"
    case let scalar where scalar.value < 0x20 || scalar.value == 0x7f:
      let digits = String(scalar.value, radix: 16)
      result += digits.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

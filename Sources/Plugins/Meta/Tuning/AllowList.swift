internal import CNI
internal import Glibc
internal import LinuxSystem
internal import SystemPackage

/// The list of sysctls that containers of this node may set: regular expressions, one a line. A key is allowed that one
/// of them matches somewhere, as the configuration has the key, with `IFNAME` in it.
///
/// The reference's expressions are RE2's, these are the extended ones of POSIX (regex(7)), which are the same language for
/// what such a list needs. What POSIX would read otherwise is refused: `\d` and other escapes of letters but `\w`, `\s`,
/// `\b` and their opposites, backslashes in brackets, `(?…)`, and `*?` and other operators in a row.
struct AllowList {
  /// Where the administrator keeps it.
  static let standardPath = "/etc/cni/tuning/allowlist.conf"

  private let expressions: [String]

  /// Reads the list.
  ///
  /// - Returns: nil where there is none: then everything is allowed. An empty one allows nothing.
  /// - Throws: Where it cannot be read.
  init?(path: String = standardPath) throws(PluginError) {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try readFile(path)
    } catch {
      if error.code == .noSuchFileOrDirectory { return nil }
      throw PluginError("cannot read the list of allowed sysctls: \(error)")
    }
    var expressions: [String] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      var line = line
      while let byte = line.first, isBlank(byte) { line.removeFirst() }
      while let byte = line.last, isBlank(byte) { line.removeLast() }
      if !line.isEmpty { expressions.append(String(decoding: line, as: UTF8.self)) }
    }
    self.expressions = expressions
  }

  /// Checks that each key is allowed.
  ///
  /// - Throws: Code 7 with the first that is not, or with an expression that is none.
  func check(_ sysctls: [Sysctl]) throws(PluginError) {
    var rest = sysctls
    for expression in expressions {
      let expression = try Expression(expression)
      rest.removeAll { expression.matches($0.key) }
    }
    guard let refused = rest.first else { return }
    throw PluginError(
      .invalidConfiguration,
      "Sysctl \(refused.key) is not allowed. Only the following sysctls are allowed: "
        + "[\(expressions.joined(separator: " "))]")
  }
}

private func isBlank(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
}

/// A compiled regular expression: regcomp(3).
private struct Expression: ~Copyable {
  private var compiled: regex_t

  init(_ text: String) throws(PluginError) {
    var compiled = regex_t()
    var reason = problem(in: text)
    if reason == nil {
      let status = regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB)
      if status != 0 { reason = message(of: status) }
    }
    if let reason {
      throw PluginError(.invalidConfiguration, "error parsing regexp: \(reason): \(quoted(text))")
    }
    self.compiled = compiled
  }

  deinit {
    var compiled = compiled
    regfree(&compiled)
  }

  func matches(_ text: String) -> Bool {
    withUnsafePointer(to: compiled) { regexec($0, text, 0, nil, 0) == 0 }
  }
}

private func message(of status: CInt) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
    guard let start = buffer.baseAddress else { return "" }
    _ = regerror(status, nil, start, buffer.count)
    return String(cString: start)
  }
}

/// What of an expression POSIX would read otherwise than RE2, without a word; nil where there is nothing.
private func problem(in text: String) -> String? {
  let repetitions = Array("*+?}".utf8)
  let escapable = Array(#"wWsSbB.*+?^$()[]{}|\/-_:,"#.utf8)
  let bytes = Array(text.utf8)
  if bytes.contains(0) { return "NUL" }
  var isInBrackets = false
  var position = 0
  while position < bytes.count {
    let next = position + 1 < bytes.count ? bytes[position + 1] : 0
    switch bytes[position] {
    case UInt8(ascii: "\\"):
      if isInBrackets { return "backslash in brackets" }
      // One at the end is the compiler's to refuse.
      if next != 0 && !escapable.contains(next) { return "invalid escape sequence" }
      position += 1
    case UInt8(ascii: "[") where !isInBrackets:
      isInBrackets = true
      // A bracket that comes first, or right after the negation, is one of the characters.
      if next == UInt8(ascii: "^") { position += 1 }
      if position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "]") { position += 1 }
    case UInt8(ascii: "]"): isInBrackets = false
    case let byte where !isInBrackets && repetitions.contains(byte):
      if next != UInt8(ascii: "}") && repetitions.contains(next) { return "invalid nested repetition operator" }
    default: break
    }
    position += 1
  }
  return nil
}

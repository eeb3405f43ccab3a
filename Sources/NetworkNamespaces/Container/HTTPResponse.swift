/// The answer of an HTTP server that closes the connection after it.
struct HTTPResponse {
  /// The three digits: 200, 404.
  let status: Int

  let body: [UInt8]

  /// Takes an answer apart; `nil` for what is none.
  init?(_ bytes: [UInt8]) {
    let separator = Array("\r\n\r\n".utf8)
    guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: separator) }) else { return nil }
    let head = String(decoding: bytes[..<end], as: UTF8.self)
    // "HTTP/1.0 200 OK"
    let words = head.split(separator: "\r\n").first?.split(separator: " ") ?? []
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].count == 3, let status = Int(words[1]) else {
      return nil
    }
    self.status = status
    body = Array(bytes[(end + separator.count)...])
  }
}

internal import CNI

extension AttachmentDNS {
  /// Reads the content of a `resolv.conf(5)` file: `nameserver`, `domain` (the last one wins), `search` and `options`
  /// (all lines together). Comments, other keywords and keywords without a value are skipped.
  init(resolverFile content: [UInt8]) {
    self.init()
    for line in String(decoding: content, as: UTF8.self).split(whereSeparator: \.isNewline) {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard words.count >= 2, !words[0].hasPrefix("#"), !words[0].hasPrefix(";") else { continue }
      switch words[0] {
      case "nameserver": nameservers.append(words[1])
      case "domain": domain = words[1]
      case "search": search += words.dropFirst()
      case "options": options += words.dropFirst()
      default: break
      }
    }
  }
}

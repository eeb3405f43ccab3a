internal import LinuxSystem

/// Bytes that were written down in words: a file of hexadecimal pairs, `#` begins a comment. They are in
/// `testdata/netlink`.
package struct HexFixture: Sendable, CustomStringConvertible {
  /// The name of the file, without `.hex`.
  package let name: String

  package let bytes: [UInt8]

  package var description: String { name }

  /// The fixture with a name.
  package init(_ name: String) throws {
    self.name = name
    let text = String(decoding: try readFile("\(Self.directory)/\(name).hex"), as: UTF8.self)
    var bytes: [UInt8] = []
    for line in text.split(separator: "\n") {
      for pair in line.prefix(while: { $0 != "#" }).split(separator: " ") {
        guard pair.utf8.count == 2, let byte = UInt8(pair, radix: 16) else {
          throw HarnessError("\(name).hex: \(pair) is no byte")
        }
        bytes.append(byte)
      }
    }
    self.bytes = bytes
  }

  /// All fixtures, in the order of their names.
  package static func all() throws -> [HexFixture] {
    try namesInDirectory(directory).filter { $0.hasSuffix(".hex") }.sorted().map {
      try HexFixture(String($0.dropLast(4)))
    }
  }

  private static let directory = "\(Peers.root)/testdata/netlink"
}

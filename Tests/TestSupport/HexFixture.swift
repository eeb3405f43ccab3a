internal import LinuxSystem

/// Bytes that were written down in words: a file of hexadecimal pairs, `#` begins a comment.
package struct HexFixture: Sendable, CustomStringConvertible {
  /// The name of the file, without `.hex`.
  package let name: String

  package let bytes: [UInt8]

  package var description: String { name }

  /// The fixture with a name, in a directory of `testdata`.
  package init(_ name: String, in directory: String = "netlink") throws {
    self.name = name
    let text = String(decoding: try readFile("\(Peers.root)/testdata/\(directory)/\(name).hex"), as: UTF8.self)
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

  /// All fixtures of a directory of `testdata`, in the order of their names.
  package static func all(in directory: String = "netlink") throws -> [HexFixture] {
    try namesInDirectory("\(Peers.root)/testdata/\(directory)").filter { $0.hasSuffix(".hex") }.sorted().map {
      try HexFixture(String($0.dropLast(4)), in: directory)
    }
  }
}

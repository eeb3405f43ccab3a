import class Foundation.JSONSerialization
import struct Foundation.Data
import TestSupport
import Testing

/// Whatever is on standard input: one error object on standard output, exit status 1, and nothing changed.
///
/// The cases of `testdata/plugins/protocol` have the exact words for small ones.
@Suite("Bad input") struct BadInputTests {
  private static let valid = Array(
    #"{"cniVersion":"1.1.0","name":"net1","type":"bridge","bridge":"br0","ipam":{"type":"host-local","subnet":"10.1.0.0/24"}}"#
      .utf8)

  @Test("ten megabytes without an end", arguments: Plugins.all)
  func huge(_ plugin: String) throws {
    try expectError(
      from: plugin, Array(#"{"name":"net1","note":""#.utf8) + Array(repeating: UInt8(ascii: "x"), count: 10 << 20))
  }

  @Test("a hundred thousand brackets", arguments: Plugins.all)
  func deep(_ plugin: String) throws {
    let brackets = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    try expectError(
      from: plugin, Array(#"{"cniVersion":"1.1.0","name":"net1","note":\#(brackets)}"#.utf8), reference: .accepts)
  }

  @Test("a configuration cut anywhere", arguments: Plugins.all)
  func truncated(_ plugin: String) throws {
    let host = try Host()
    let container = try host.makeContainer("c1")
    let before = try Snapshot(of: host, [container])
    for length in 0..<Self.valid.count {
      try expectErrorObject(from: plugin, Array(Self.valid[..<length]), in: host)
    }
    #expect(try Snapshot(of: host, [container]).changes(since: before) == [])
  }

  @Test("bytes that are not text", arguments: Plugins.all)
  func notText(_ plugin: String) throws {
    try expectError(from: plugin, Array(0...255))
    try expectError(from: plugin, Array(repeating: 0, count: 4096))
  }

  private enum Reference { case refuses, accepts }

  private func expectError(from plugin: String, _ input: [UInt8], reference: Reference = .refuses) throws {
    if Peers.plugins.isReference, reference == .accepts { return }
    let host = try Host()
    let container = try host.makeContainer("c1")
    let before = try Snapshot(of: host, [container])
    try expectErrorObject(from: plugin, input, in: host)
    #expect(try Snapshot(of: host, [container]).changes(since: before) == [])
  }

  private func expectErrorObject(from plugin: String, _ input: [UInt8], in host: Host) throws {
    let outcome = try PluginCall("ADD", plugin, input).run(in: host)
    #expect(outcome.status == 1)
    let object = try? JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
    #expect(object?["code"] is Int && object?["msg"] is String, "\(outcome)")
  }
}

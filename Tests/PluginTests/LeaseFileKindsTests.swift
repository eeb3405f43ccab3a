import TestSupport
import Testing

/// Lease files that are none: left empty by a writer that was killed, full of zeros after a power cut, of any content,
/// or no files at all.
@Suite("Lease store: broken files") struct LeaseFileKindsTests {
  /// Contents that say nothing about a holder.
  static let unknown: [String] = [
    "", "\0\0\0\0\0\0\0\0", "\r\n", "c1\neth0\nx", "\u{1}\u{2}\u{3}", "c1\r\neth0\r\nmore",
  ]

  /// Three addresses: 10.1.0.2, 10.1.0.3 and 10.1.0.4.
  private static let three = #""ranges": [[{"subnet": "10.1.0.0/24", "rangeEnd": "10.1.0.4"}]]"#

  @Test("are given away where the range has nothing else", arguments: unknown)
  func lastResort(_ content: String) throws {
    let store = try HostLocalStore(Self.three)
    try store.add("first", arguments: "IP=10.1.0.3")
    try store.write(content.utf8, to: "10.1.0.4")
    // While there are others they rest: somebody may have made them on purpose.
    #expect(try store.add("second") == ["10.1.0.2"])
    #expect(try store.add("third") == ["10.1.0.4"])
    #expect(try store.addresses(of: "third") == ["10.1.0.4"])
    #expect(try store.call("ADD", "fourth").errorCode == 11)
    #expect(try store.addresses(of: "first") == ["10.1.0.3"])
    #expect(try store.call("DEL", "third").succeeded)
    #expect(try store.leases().keys.sorted() == ["10.1.0.2", "10.1.0.3"])
  }

  @Test("are given to who asks for the address by name", arguments: unknown)
  func requested(_ content: String) throws {
    let store = try HostLocalStore()
    try store.write(content.utf8, to: "10.1.0.50")
    #expect(try store.add("first", arguments: "IP=10.1.0.50") == ["10.1.0.50"])
    #expect(try store.leases() == ["10.1.0.50": HostLocalStore.content(of: "first")])
  }

  @Test("are nobody's, and released by GC", arguments: unknown)
  func collected(_ content: String) throws {
    let store = try HostLocalStore()
    try store.write(content.utf8, to: "10.1.0.50")
    #expect(try store.call("DEL", "c1").succeeded)
    #expect(try store.leases().keys.sorted() == ["10.1.0.50"])
    #expect(!(try store.call("CHECK", "c1").succeeded))
    let running = try store.add("running")
    #expect(try store.call("GC", members: [HostLocalStore.validAttachments(["running", "c1"])]).succeeded)
    #expect(try store.leases().keys.sorted() == running)
  }

  /// What is there under an address's name and cannot be read as a file.
  enum Unreadable: String, CaseIterable, Sendable {
    case directory, symbolicLinkToNothing, symbolicLinkToItself

    func make(at path: String) throws {
      let (program, arguments) =
        switch self {
        case .directory: ("/bin/mkdir", [path])
        case .symbolicLinkToNothing: ("/bin/ln", ["-s", "/nowhere/at/all", path])
        case .symbolicLinkToItself: ("/bin/ln", ["-s", path, path])
        }
      let outcome = try Program(program, arguments).run()
      try #require(outcome.status == 0, "\(outcome)")
    }
  }

  @Test("what cannot be read stays, and its address is not handed out", arguments: Unreadable.allCases)
  func unreadable(_ kind: Unreadable) throws {
    let store = try HostLocalStore(Self.three)
    try store.add("first", arguments: "IP=10.1.0.2")
    try kind.make(at: "\(store.leaseDirectory)/10.1.0.3")
    #expect(try store.add("second") == ["10.1.0.4"])
    let third = try store.call("ADD", "third")
    #expect(third.errorCode == 11, "\(third)")
    #expect(try store.call("ADD", "fourth", arguments: "IP=10.1.0.3").succeeded == false)
    #expect(try store.call("DEL", "first").succeeded)
    // GC may complain about it, but does the rest.
    _ = try store.call("GC", members: [HostLocalStore.validAttachments([])])
    let names = try store.directory.names(in: "n1").filter { $0.hasPrefix("10.") }
    #expect(names == ["10.1.0.3"])
  }
}

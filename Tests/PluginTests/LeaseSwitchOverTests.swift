import TestSupport
import Testing

/// A node changes over between the reference and ours while containers run, in both directions.
@Suite("Lease store: switch-over") struct LeaseSwitchOverTests {
  /// Whose plugins are there before the change, and whose after it.
  struct Direction: Sendable, CustomTestStringConvertible {
    let before: PluginDirectory
    let after: PluginDirectory

    static let all = [
      Direction(before: Peers.referencePlugins, after: Peers.plugins),
      Direction(before: Peers.plugins, after: Peers.referencePlugins),
    ]

    var testDescription: String { before == Peers.plugins ? "from ours" : "to ours" }
  }

  @Test(
    "leases are found, kept and released by the other", arguments: Direction.all,
    [HostLocalStore.slash24, HostLocalStore.dualStack])
  func changeOver(_ direction: Direction, _ ranges: String) throws {
    let store = try HostLocalStore(ranges)
    // So that the other finds work of both in front of it, with an index where one is made.
    try store.add("earlier", by: direction.after)
    let first = try store.add("first", by: direction.before)
    let second = try store.add("second", by: direction.before)
    let before = try store.leases()

    let duplicate = try store.call("ADD", "first", by: direction.after)
    #expect(duplicate.errorText?.contains("duplicate allocation is not allowed") == true, "\(duplicate)")
    let checked = try store.call(
      "CHECK", "first", by: direction.after, members: [HostLocalStore.previousResult(first)])
    #expect(checked.succeeded, "\(checked)")

    let third = try store.add("third", by: direction.after)
    #expect(Set(before.keys).isDisjoint(with: third))
    // It goes on where the other stopped.
    #expect(third == second.map(following))
    #expect(try store.directory.read("n1/last_reserved_ip.0") == Array(third[0].utf8))
    if third.count > 1 { #expect(try store.directory.read("n1/last_reserved_ip.1") == Array(third[1].utf8)) }

    #expect(try store.call("DEL", "first", by: direction.after).succeeded)
    #expect(try store.addresses(of: "first") == [])
    #expect(try store.addresses(of: "second") == second.sorted())
    let missing = try store.call("CHECK", "first", by: direction.before)
    #expect(missing.errorText?.contains("Failed to find address added by container first") == true, "\(missing)")
  }

  @Test("what somebody holds is refused by name to everybody else", arguments: Direction.all)
  func requestedAddresses(_ direction: Direction) throws {
    let store = try HostLocalStore()
    #expect(try store.add("first", by: direction.before, arguments: "IP=10.1.0.77") == ["10.1.0.77"])
    let refused = try store.call("ADD", "second", by: direction.after, arguments: "IP=10.1.0.77")
    #expect(refused.errorText?.contains("requested IP address 10.1.0.77 is not available") == true, "\(refused)")
    #expect(try store.addresses(of: "second") == [])
    #expect(try store.add("second", by: direction.after) == ["10.1.0.78"])
  }

  @Test("leases from before there were several interfaces", arguments: ["old", "old\n", "  old\r\n"])
  func wholeContainers(_ content: String) throws {
    let store = try HostLocalStore()
    try store.add("other")
    try store.write(content.utf8, to: "10.1.0.9")
    let checked = try store.call("CHECK", "old", members: [HostLocalStore.previousResult(["10.1.0.9"])])
    #expect(checked.succeeded, "\(checked)")
    let duplicate = try store.call("ADD", "old")
    #expect(duplicate.errorText?.contains("duplicate allocation is not allowed") == true, "\(duplicate)")
    #expect(try store.call("GC", members: [HostLocalStore.validAttachments(["old", "other"])]).succeeded)
    #expect(try store.leases().keys.sorted() == ["10.1.0.2", "10.1.0.9"])
    #expect(try store.call("DEL", "old").succeeded)
    #expect(try store.leases().keys.sorted() == ["10.1.0.2"])
  }

  @Test("an owner with leases of both kinds loses that of the interface first")
  func bothKinds() throws {
    let store = try HostLocalStore()
    try store.write("old".utf8, to: "10.1.0.9")
    try store.write("old\r\neth0".utf8, to: "10.1.0.10")
    #expect(try store.call("DEL", "old").succeeded)
    #expect(try store.leases().keys.sorted() == ["10.1.0.9"])
    #expect(try store.call("DEL", "old", by: Peers.referencePlugins).succeeded)
    #expect(try store.leases() == [:])
  }

  @Test("back and forth, with everything released in the end")
  func backAndForth() throws {
    let store = try HostLocalStore(HostLocalStore.dualStack)
    let both = [Peers.plugins, Peers.referencePlugins]
    var held: [String: [String]] = [:]
    for round in 0..<20 {
      let addresses = try store.add("container\(round)", by: both[round % 2])
      #expect(Set(held.values.joined()).isDisjoint(with: addresses))
      held["container\(round)"] = addresses.sorted()
      // Every third one goes again, by the other one's hand.
      if round % 3 == 2 {
        #expect(try store.call("DEL", "container\(round - 1)", by: both[round % 2]).succeeded)
        held["container\(round - 1)"] = nil
      }
      for (container, addresses) in held { #expect(try store.addresses(of: container) == addresses) }
    }
    for (number, container) in held.keys.sorted().enumerated() {
      #expect(try store.call("DEL", container, by: both[number % 2]).succeeded)
    }
    #expect(try store.leases() == [:])
    #expect(try store.strangeNames() == [])
  }

  @Test("a whole store that was taken away is a new one")
  func removedDirectory() throws {
    let store = try HostLocalStore()
    try store.add("first")
    try store.add("second")
    removeTree(store.leaseDirectory)
    #expect(try store.call("DEL", "first").succeeded)
    #expect(try store.add("third", by: Peers.referencePlugins) == ["10.1.0.2"])
    #expect(try store.add("fourth") == ["10.1.0.3"])
    #expect(try store.leases().keys.sorted() == ["10.1.0.2", "10.1.0.3"])
  }

  @Test("leases that a person removes, renames or writes are seen at once")
  func people() throws {
    let store = try HostLocalStore()
    try store.add("first")
    try store.add("second")
    let removed = try Program("/bin/rm", ["\(store.leaseDirectory)/10.1.0.2"]).run()
    #expect(removed.status == 0)
    #expect(!(try store.call("CHECK", "first").succeeded))
    #expect(try store.add("first") == ["10.1.0.4"])
    let moved = try Program(
      "/bin/mv", ["\(store.leaseDirectory)/10.1.0.3", "\(store.leaseDirectory)/10.1.0.5"]
    ).run()
    #expect(moved.status == 0)
    #expect(try store.add("third") == ["10.1.0.6"])
    #expect(try store.call("DEL", "second").succeeded)
    #expect(try store.leases().keys.sorted() == ["10.1.0.4", "10.1.0.6"])
  }

  /// The address after one of the small ones of these tests.
  private func following(_ address: String) -> String {
    let separator: Character = address.contains(":") ? ":" : "."
    guard let cut = address.lastIndex(of: separator), let last = Int(address[address.index(after: cut)...]) else {
      return address
    }
    return "\(address[...cut])\(last + 1)"
  }
}

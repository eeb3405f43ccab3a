import TestSupport
import Testing

/// A call of host-local that is to be stopped anywhere, and what was there before it.
struct LeaseCrashCase: Sendable, CustomTestStringConvertible {
  let name: String
  let ranges: String
  let command: String

  /// Whose leases have to be there afterwards, whatever happens.
  let survivors: [String]

  /// Whose leases may be there afterwards, but not for good.
  var doomed: [String] = []

  /// Whether the call is the first one after a reboot.
  var afterReboot = false

  /// Makes the leases, in real calls: a copied store would not be the store that its index was made for.
  let prepare: @Sendable (HostLocalStore) throws -> Void

  /// Whom the call is about.
  static let victim = "victim"

  var testDescription: String { name }

  var members: [String] { command == "GC" ? [HostLocalStore.validAttachments(survivors)] : [] }

  static let all = [
    LeaseCrashCase(name: "the first ADD", ranges: HostLocalStore.slash24, command: "ADD", survivors: []) { _ in },
    LeaseCrashCase(
      name: "the first ADD, two families", ranges: HostLocalStore.dualStack, command: "ADD", survivors: []
    ) { _ in },
    LeaseCrashCase(
      name: "an ADD beside others", ranges: HostLocalStore.dualStack, command: "ADD", survivors: ["one", "two"]
    ) { store in
      try store.add("one")
      try store.add("two")
    },
    LeaseCrashCase(
      name: "an ADD after a foreign one", ranges: HostLocalStore.slash24, command: "ADD", survivors: ["one", "two"]
    ) { store in
      try store.add("one")
      try store.add("two", by: Peers.referencePlugins)
    },
    LeaseCrashCase(
      name: "a DEL", ranges: HostLocalStore.dualStack, command: "DEL", survivors: ["one", "two"]
    ) { store in
      try store.add("one")
      try store.add(victim)
      try store.add("two")
    },
    LeaseCrashCase(
      name: "a DEL after a foreign ADD", ranges: HostLocalStore.slash24, command: "DEL", survivors: ["one", "two"]
    ) { store in
      try store.add("one")
      try store.add(victim)
      try store.add("two", by: Peers.referencePlugins)
    },
    LeaseCrashCase(
      name: "a GC", ranges: HostLocalStore.dualStack, command: "GC", survivors: ["one", "two"], doomed: ["garbage"]
    ) { store in
      try store.add("one")
      try store.add(victim)
      try store.add("two")
      try store.add("garbage")
    },
    LeaseCrashCase(
      name: "the first ADD of a boot", ranges: HostLocalStore.slash24, command: "ADD", survivors: [],
      doomed: ["old", "older"], afterReboot: true
    ) { store in
      try store.add("older", by: Peers.referencePlugins)
      try store.add("old")
    },
  ]

  /// Stores as they are before the call, all in the same boot.
  func stores(_ count: Int) throws -> [HostLocalStore] {
    var stores = try (0..<count).map { _ in try HostLocalStore(ranges) }
    for store in stores { try prepare(store) }
    if afterReboot {
      let boot = try SimulatedBoot()
      for index in stores.indices { stores[index].boot = boot }
    }
    return stores
  }

  /// The system calls of an undisturbed call.
  func trace() throws -> SystemCallTrace {
    let (answer, trace) = try #require(try stores(1).first).trace(command, Self.victim, members: members)
    try #require(answer.succeeded, "\(answer)")
    return trace
  }
}

extension LeaseCrashCase {
  /// Checks a store after the call was stopped: it has every lease that it must have and no broken one, both
  /// implementations go on with it, and nothing is left in the end.
  ///
  /// - Parameters:
  ///   - held: What the survivors held before.
  ///   - place: Where the call was stopped, for the message.
  func expectSound(_ store: HostLocalStore, held: [String: [String]], _ place: String) throws {
    let owners = survivors + doomed + [Self.victim]
    let known = Set(owners.map(HostLocalStore.content(of:)))
    let leases = try store.leases()
    for (address, content) in leases where !known.contains(content) {
      Issue.record("\(name), \(place): \(address) says \(content.debugDescription)")
    }
    for owner in survivors {
      #expect(try store.addresses(of: owner) == held[owner], "\(name), \(place): the leases of \(owner)")
    }
    let families = try store.addresses(of: Self.victim).map { $0.contains(":") }
    #expect(families.count == Set(families).count, "\(name), \(place): two addresses of one range")

    // Whose address may not be handed out: everybody's, but those of an earlier boot.
    var taken = Set(leases.keys)
    if afterReboot { for owner in doomed { taken.subtract(try store.addresses(of: owner)) } }
    let next = try store.add("next")
    #expect(taken.isDisjoint(with: next), "\(name), \(place): \(next) handed out twice")
    #expect(try store.strangeNames() == [], "\(name), \(place): left in the store")
    let others = try store.filesOfOurOwn().filter { $0 != "\(HostLocalStore.network)/index" }
    #expect(others == [], "\(name), \(place): left beside the index")
    if afterReboot {
      for owner in doomed { #expect(try store.addresses(of: owner) == [], "\(name), \(place): \(owner) is not gone") }
    }

    let deleted = try store.call("DEL", Self.victim)
    #expect(deleted.succeeded, "\(name), \(place): DEL: \(deleted)")
    #expect(try store.addresses(of: Self.victim) == [], "\(name), \(place): DEL left something")

    taken = Set(try store.leases().keys)
    let theirs = try store.add("theirs", by: Peers.referencePlugins)
    #expect(taken.isDisjoint(with: theirs), "\(name), \(place): the reference hands out \(theirs) twice")
    let theirDeleted = try store.call("DEL", "theirs", by: Peers.referencePlugins)
    #expect(theirDeleted.succeeded, "\(name), \(place): the reference's DEL: \(theirDeleted)")
    #expect(Set(try store.leases().keys) == taken, "\(name), \(place): after the reference's ADD and DEL")

    let last = try store.add("last")
    #expect(taken.isDisjoint(with: last), "\(name), \(place): \(last) handed out twice")
    for owner in survivors {
      let checked = try store.call("CHECK", owner, members: [HostLocalStore.previousResult(held[owner] ?? [])])
      #expect(checked.succeeded, "\(name), \(place): CHECK of \(owner): \(checked)")
    }
    let collected = try store.call("GC", members: [HostLocalStore.validAttachments(survivors)])
    #expect(collected.succeeded, "\(name), \(place): GC: \(collected)")
    #expect(
      try store.leases().keys.sorted() == survivors.flatMap { held[$0] ?? [] }.sorted(),
      "\(name), \(place): after GC")
    #expect(try store.strangeNames() == [], "\(name), \(place): left in the store after GC")
  }
}

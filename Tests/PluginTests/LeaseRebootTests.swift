import TestSupport
import Testing

/// Leases of containers that a reboot has ended, for calls that are made to believe in one.
@Suite("Lease store: reboot") struct LeaseRebootTests {
  @Test("the first call of a boot reclaims what both implementations left", arguments: ["ADD", "DEL", "GC", "STATUS"])
  func reclaims(_ command: String) throws {
    try SimulatedBoot.require()
    var store = try HostLocalStore(HostLocalStore.dualStack)
    try store.add("ours")
    // Seen by ours in its own boot.
    try store.add("theirs", by: Peers.referencePlugins)
    try store.add("later")
    // Not seen by ours at all.
    try store.add("unseen", by: Peers.referencePlugins)
    store.boot = try SimulatedBoot()
    // The reference is the first one that is called in the new boot; what it adds is running.
    let running = try store.add("running", by: Peers.referencePlugins)

    let answer = try store.call(
      command, "new", members: command == "GC" ? [HostLocalStore.validAttachments(["running"])] : [])
    #expect(answer.succeeded, "\(answer)")
    #expect(try store.addresses(of: "running") == running.sorted())
    #expect(try store.addresses(of: "new").count == (command == "ADD" ? 2 : 0))
    #expect(try store.leases().count == (command == "ADD" ? 4 : 2))

    // And what a running container holds stays, however many calls there are.
    try store.add("newer")
    #expect(try store.addresses(of: "running") == running.sorted())
  }

  @Test("a full range has room again")
  func fullRange() throws {
    try SimulatedBoot.require()
    var store = try HostLocalStore(#""ranges": [[{"subnet": "10.1.0.0/29"}]]"#)
    for number in 0..<5 { try store.add("old\(number)", by: number < 3 ? Peers.referencePlugins : Peers.plugins) }
    #expect(try store.call("ADD", "new").errorCode == 11)
    store.boot = try SimulatedBoot()
    for number in 0..<5 { try store.add("new\(number)") }
    #expect(try store.call("ADD", "newer").errorCode == 11)
  }

  @Test("an address that is asked for by name is free again")
  func requestedAddress() throws {
    try SimulatedBoot.require()
    var store = try HostLocalStore()
    try store.add("old", arguments: "IP=10.1.0.50")
    store.boot = try SimulatedBoot()
    #expect(try store.add("new", arguments: "IP=10.1.0.50") == ["10.1.0.50"])
  }

  @Test("the times of the files tell where nothing of ours is left")
  func withoutIndex() throws {
    try SimulatedBoot.require()
    var store = try HostLocalStore()
    try store.add("ours")
    try store.add("theirs", by: Peers.referencePlugins)
    store.removeFilesOfOurOwn()
    store.boot = try SimulatedBoot()
    let running = try store.add("running", by: Peers.referencePlugins)
    let new = try store.add("new")
    #expect(try store.leases().keys.sorted() == (running + new).sorted())
  }

  @Test("two boots, one after the other")
  func twice() throws {
    try SimulatedBoot.require()
    var store = try HostLocalStore()
    try store.add("first")
    store.boot = try SimulatedBoot()
    try store.add("second")
    #expect(try store.addresses(of: "first") == [])
    store.boot = try SimulatedBoot()
    try store.add("third")
    #expect(try store.addresses(of: "second") == [])
    #expect(try store.leases().count == 1)
  }

  @Test("without a reboot everything stays, whatever becomes of our own files", arguments: [false, true])
  func sameBoot(_ inSimulatedBoot: Bool) throws {
    if inSimulatedBoot { try SimulatedBoot.require() }
    var store = try HostLocalStore(HostLocalStore.dualStack)
    if inSimulatedBoot { store.boot = try SimulatedBoot() }
    try store.add("ours")
    try store.add("theirs", by: Peers.referencePlugins)
    let before = try store.leases()
    for _ in 1...3 {
      store.removeFilesOfOurOwn()
      for command in ["DEL", "STATUS", "CHECK"] { _ = try store.call(command, "unknown") }
      #expect(try store.leases() == before)
      let collected = try store.call("GC", members: [HostLocalStore.validAttachments(["ours", "theirs"])])
      #expect(collected.succeeded, "\(collected)")
      #expect(try store.leases() == before)
      try store.directory.write("no index at all".utf8, to: ".swift-cni/n1/index")
      let added = try store.add("new")
      #expect(Set(before.keys).isDisjoint(with: added))
      #expect(try store.call("DEL", "new").succeeded)
      #expect(try store.leases() == before)
    }
  }
}

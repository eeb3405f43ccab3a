import Synchronization
import TestSupport
import Testing

/// Many processes at once on one store.
@Suite("Lease store: races") struct LeaseRaceTests {
  private static let processes = 64
  private static let operations = 2000

  @Test("64 processes, 2000 operations, room for all")
  func room() throws {
    try run(.init(ranges: HostLocalStore.slash24, containersOfEach: 3))
  }

  @Test("64 processes, 2000 operations, a range that is full at times")
  func full() throws {
    // 40 addresses: fewer than there are processes.
    let ranges = #""ranges": [[{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.10", "rangeEnd": "10.1.0.49"}]]"#
    try run(.init(ranges: ranges, containersOfEach: 2, mayBeFull: true))
  }

  @Test("64 processes of both implementations, 2000 operations")
  func both() throws {
    try run(
      .init(ranges: HostLocalStore.slash24, containersOfEach: 3, plugins: [Peers.plugins, Peers.referencePlugins]))
  }

  /// What the processes do.
  private struct Load: Sendable {
    let ranges: String
    /// How many containers with a lease one worker has at most.
    let containersOfEach: Int
    var mayBeFull = false
    var plugins = [Peers.plugins]
  }

  private func run(_ load: Load) throws {
    let store = try HostLocalStore(load.ranges)
    let complaints = Complaints()
    let held = HeldAddresses(complaints: complaints)
    let refused = Atomic(0)
    try atOnce(Self.processes) { worker in
      var containers: [(name: String, address: String)] = []
      var count = 0
      for step in 0..<((Self.operations + Self.processes - 1) / Self.processes) {
        let plugins = load.plugins[(worker + step) % load.plugins.count]
        switch step % 5 {
        case 0, 3,
          _ where containers.isEmpty:
          if containers.count >= load.containersOfEach { fallthrough }
          count += 1
          let name = "worker\(worker)-\(count)"
          let answer = try store.call("ADD", name, by: plugins)
          if let address = answer.addresses?.first {
            held.expectFreeAndTake(address, for: name)
            containers.append((name, address))
          } else {
            refused.add(1, ordering: .relaxed)
            complaints.expect(load.mayBeFull && answer.errorCode == 11, "ADD: \(answer)")
          }
        case 1:
          let answer = try store.call(
            "CHECK", containers[0].name, by: plugins,
            members: [HostLocalStore.previousResult([containers[0].address])])
          complaints.expect(answer.succeeded, "CHECK: \(answer)")
        case 2:
          let answer = try store.call("DEL", "unknown\(worker)-\(step)", by: plugins)
          complaints.expect(answer.succeeded, "DEL of something unknown: \(answer)")
        default:
          let (name, address) = containers.removeFirst()
          // From now on somebody else may have it.
          held.giveBack(address, of: name)
          let answer = try store.call("DEL", name, by: plugins)
          complaints.expect(answer.succeeded, "DEL: \(answer)")
        }
      }
      for (name, address) in containers {
        held.giveBack(address, of: name)
        let answer = try store.call("DEL", name, by: load.plugins[worker % load.plugins.count])
        complaints.expect(answer.succeeded, "DEL: \(answer)")
      }
    }
    #expect(complaints.all == [])
    if load.mayBeFull { #expect(refused.load(ordering: .relaxed) > 0, "the range was never full") }
    #expect(try store.leases() == [:])
    // A call of ours, as the reference knows nothing of what ours leave.
    try store.add("last")
    #expect(try store.leases().count == 1)
    #expect(try store.strangeNames() == [])
    #expect(try store.filesOfOurOwn().filter { $0 != "\(HostLocalStore.network)/index" } == [])
  }
}

/// What the workers found wrong. The threads are not the test's own: what they record would not be counted as its.
private final class Complaints: Sendable {
  private let texts = Mutex<[String]>([])

  var all: [String] { texts.withLock { $0 } }

  func expect(_ isSo: Bool, _ complaint: @autoclosure () -> String) {
    if isSo { return }
    let complaint = complaint()
    texts.withLock { $0.append(complaint) }
  }
}

/// Who holds which address, as those who called the plugin know it.
private final class HeldAddresses: Sendable {
  private let holders = Mutex<[String: String]>([:])
  private let complaints: Complaints

  init(complaints: Complaints) { self.complaints = complaints }

  /// Notes an answer: nobody else may have been told the same and not have begun to give it back.
  func expectFreeAndTake(_ address: String, for name: String) {
    let other = holders.withLock { holders in
      defer { holders[address] = name }
      return holders[address]
    }
    complaints.expect(other == nil, "\(address) was handed to \(name) while \(other ?? "") held it")
  }

  /// Notes that somebody is about to give an address back. An address that is not his has been reported before.
  func giveBack(_ address: String, of name: String) {
    holders.withLock { holders in
      if holders[address] == name { holders[address] = nil }
    }
  }
}

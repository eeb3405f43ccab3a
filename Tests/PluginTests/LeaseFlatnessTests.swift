import TestSupport
import Testing

/// What a call costs does not depend on how many leases there are. Counted and not timed: system calls, the bytes that
/// they bring, and memory.
@Suite("Lease store: flat in cost") struct LeaseFlatnessTests {
  /// How many system calls more than in the small store are no growth: what is looked for may lie at the end of one
  /// block of the index and go on in the next, for each of the few things that a call looks up.
  private static let toleratedCalls = 8

  /// The same in bytes: so many blocks of 4096.
  private static let toleratedBytes = 8 * 4096

  private static let slash16 = #""ranges": [[{"subnet": "10.1.0.0/16"}]]"#

  /// A large store, of which the small one is the beginning.
  struct Store: Sendable, CustomTestStringConvertible {
    let name: String
    let ranges: String
    let count: Int

    /// The addresses that are taken in a store with so many leases.
    let taken: @Sendable (_ count: Int) -> [String]

    var testDescription: String { name }

    static let all = [
      Store(name: "1000 leases", ranges: slash16, count: 1000, taken: scattered),
      Store(name: "20 000 leases", ranges: slash16, count: 20_000, taken: scattered),
      Store(name: "a /16 with three free addresses", ranges: slash16, count: 65_529) { count in
        count < 65_529 ? scattered(count) : addresses.filter { ![300, 20_000, 40_000, 60_000].contains($0) }.map(text)
      },
      Store(name: "20 000 leases in an IPv6 /64", ranges: #""ranges": [[{"subnet": "fd00:1::/64"}]]"#, count: 20_000) {
        (0..<$0).map { "fd00:1::\(String($0 + 2, radix: 16))" }
      },
    ]

    /// The addresses of 10.1.0.0/16 without its gateway, as numbers in it.
    private static let addresses = 2..<65_535

    private static func text(_ number: Int) -> String { "10.1.\(number >> 8).\(number & 255)" }

    /// Addresses with gaps between them.
    private static let scattered: @Sendable (Int) -> [String] = { count in
      (0..<count).map { text($0 * 3 + 2) }
    }

    /// The store with so many leases, and with an index that is valid where there is any.
    func make(_ count: Int) throws -> HostLocalStore {
      let store = try HostLocalStore(ranges)
      for (number, address) in taken(count).enumerated() {
        try store.write(HostLocalStore.content(of: "container\(number)").utf8, to: address)
      }
      // Makes the index, and takes one of the free addresses.
      try store.add("first")
      // Some blocks of an index may be made only when it is used for the first time.
      #expect(try store.call("DEL", "unknown").succeeded)
      return store
    }
  }

  @Test("system calls and bytes", arguments: Store.all)
  func calls(_ kind: Store) throws {
    try SystemCallTrace.require()
    let small = try measure(kind.make(10))
    let large = try measure(kind.make(kind.count))
    for (small, large) in zip(small, large) {
      let calls = large.trace.calls.count - small.trace.calls.count
      let bytes = large.trace.bytesRead - small.trace.bytesRead
      #expect(calls <= Self.toleratedCalls, "\(large.name): \(small.trace.calls.count) calls, and \(calls) more")
      #expect(bytes <= Self.toleratedBytes, "\(large.name): \(small.trace.bytesRead) bytes read, and \(bytes) more")
      #expect(large.trace.callsThatMakeProcesses.isEmpty)
    }
  }

  @Test("memory")
  func memory() throws {
    try SystemCallTrace.require()
    let kind = try #require(Store.all.first { $0.count == 20_000 })
    let small = try measureMemory(kind.make(10))
    let large = try measureMemory(kind.make(kind.count))
    for (small, large) in zip(small, large) {
      #expect(large.peak - small.peak <= 256, "\(large.name): \(small.peak) kB, then \(large.peak) kB")
    }
  }

  private func measure(_ store: HostLocalStore) throws -> [(name: String, trace: SystemCallTrace)] {
    var measured: [(name: String, trace: SystemCallTrace)] = []
    func measure(_ command: String, _ container: String, members: [String] = []) throws -> HostLocalAnswer {
      let (answer, trace) = try store.trace(command, container, members: members)
      #expect(answer.succeeded, "\(command) of \(container): \(answer)")
      measured.append(("\(command) of \(container)", trace))
      return answer
    }
    let addresses = try measure("ADD", "new").addressesOfSuccess()
    _ = try measure("CHECK", "new", members: [HostLocalStore.previousResult(addresses)])
    _ = try measure("DEL", "unknown")
    _ = try measure("DEL", "new")
    return measured
  }

  private func measureMemory(_ store: HostLocalStore) throws -> [(name: String, peak: Int)] {
    try [("ADD", "new"), ("CHECK", "new"), ("DEL", "unknown"), ("DEL", "new")].map { command, container in
      ("\(command) of \(container)", try store.peakMemory(command, container))
    }
  }
}

import TestSupport
import Testing

/// Calls that are killed, or refused something by the kernel, at each of their system calls in turn.
///
/// By default the system calls are those after the configuration was read, which is where the store begins, and the
/// error is ENOSPC. `LEASE_CRASHES=all` also kills in the middle of the start of the process, and has every error.
@Suite("Lease store: crashes") struct LeaseCrashTests {
  private static let everything = Peers.variable("LEASE_CRASHES") == "all"

  @Test("killed at any system call, nothing is lost and nothing leaks", arguments: LeaseCrashCase.all)
  func killed(_ crash: LeaseCrashCase) throws {
    try requirePrograms(for: crash)
    // The kill comes before the system call happens: killing at the next one is killing after this one.
    let trace = try crash.trace()
    // What the tracer does itself to begin is not the program's.
    let calls = (Self.everything ? trace.calls[...] : trace.afterInput).filter { $0.name != "execve" }
    try #require(!calls.isEmpty)
    var killed = 0
    for (call, store) in zip(calls, try crash.stores(calls.count)) {
      let held = try heldBySurvivors(of: crash, in: store)
      let answer = try store.call(
        crash.command, LeaseCrashCase.victim, members: crash.members, .kill, at: call)
      // Where the path through the program is another this time, it may end before it comes there.
      if answer.outcome.status == 128 + 9 {
        killed += 1
      } else {
        #expect(answer.succeeded, "\(crash.name), \(call): \(answer)")
      }
      try crash.expectSound(store, held: held, "killed at \(call)")
    }
    #expect(killed > calls.count * 3 / 4, "\(crash.name): killed \(killed) times of \(calls.count)")
  }

  @Test(
    "an error of any system call is a success or one error, and nothing leaks",
    arguments: LeaseCrashCase.all, everything ? ["ENOSPC", "EIO", "ENOMEM"] : ["ENOSPC"])
  func refused(_ crash: LeaseCrashCase, _ error: String) throws {
    try requirePrograms(for: crash)
    let calls = try crash.trace().afterInput.filter(\.canFail)
    try #require(!calls.isEmpty)
    for (call, store) in zip(calls, try crash.stores(calls.count)) {
      let held = try heldBySurvivors(of: crash, in: store)
      let answer = try store.call(
        crash.command, LeaseCrashCase.victim, members: crash.members, .error(error), at: call)
      let place = "\(error) at \(call)"
      if call.isAnswer {
        // Nobody can be told.
        #expect(answer.outcome.status < 128, "\(crash.name), \(place): \(answer)")
      } else {
        #expect(answer.isWellFormed(for: crash.command), "\(crash.name), \(place): \(answer)")
        if crash.command == "ADD", !answer.succeeded {
          #expect(try store.addresses(of: LeaseCrashCase.victim) == [], "\(crash.name), \(place): the failed ADD's")
        }
      }
      if call.isOfIndex { #expect(answer.succeeded, "\(crash.name), \(place): \(answer)") }
      try crash.expectSound(store, held: held, place)
    }
  }

  private func requirePrograms(for crash: LeaseCrashCase) throws {
    try SystemCallTrace.require()
    if crash.afterReboot { try SimulatedBoot.require() }
  }

  private func heldBySurvivors(of crash: LeaseCrashCase, in store: HostLocalStore) throws -> [String: [String]] {
    var held: [String: [String]] = [:]
    for owner in crash.survivors { held[owner] = try store.addresses(of: owner) }
    return held
  }
}

extension SystemCallTrace.Call {
  /// Whether a program could do anything about an error. Memory for the heap is not asked for, it is there.
  fileprivate var canFail: Bool {
    switch name {
    case "mmap": !line.contains("MAP_ANONYMOUS")
    case "brk", "munmap", "exit_group", "futex", "execve": false
    default: true
    }
  }

  /// Whether the call's answer is written here.
  fileprivate var isAnswer: Bool { line.hasPrefix("write(1<") }

  /// Whether this is about the index, which no call needs. The time of the lease directory is what proves it.
  fileprivate var isOfIndex: Bool { line.contains("/.swift-cni") || name == "utimensat" }
}

import TestSupport

/// How the file system writes down what the calls of the first boot do.
struct LeasePowerCutCase: Sendable {
  let name: String
  let mountOptions: String

  /// Whether the file system is made to commit after each call.
  let commitsAfterCalls: Bool

  /// Whether lease files without their bytes are to be expected.
  let leavesBrokenFiles: Bool

  /// Whether the disk also loses a write before a flush by default, and not only with `POWER_CUTS=all`. Where each system
  /// call is flushed, that hardly differs from a cut one write earlier.
  var losesWritesByDefault: Bool { commitsAfterCalls }

  /// The default of ext4: names first, bytes up to half a minute later. A power cut leaves empty files.
  static let namesFirst = LeasePowerCutCase(
    name: "ext4", mountOptions: "data=ordered", commitsAfterCalls: true, leavesBrokenFiles: true)

  /// Names and lengths first. A power cut leaves files with what was in their blocks before.
  static let lengthsFirst = LeasePowerCutCase(
    name: "ext4, bytes last", mountOptions: "data=writeback,nodelalloc", commitsAfterCalls: true,
    leavesBrokenFiles: true)

  /// Each system call is on the disk before the next one: a power cut comes in the middle of a call.
  static let eachSystemCall = LeasePowerCutCase(
    name: "ext4, each system call", mountOptions: "sync", commitsAfterCalls: false, leavesBrokenFiles: false)

  /// A range that two leases fill.
  static let twoAddresses =
    #""ranges": [[{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.2", "rangeEnd": "10.1.0.3"}]]"#

  /// A call of the first boot.
  struct Call: Sendable, CustomStringConvertible {
    let command: String
    let container: String
    var isReference = false

    var description: String { "\(command) \(container)\(isReference ? " by the reference" : "")" }

    func make(in store: HostLocalStore) throws {
      let answer = try store.call(command, container, by: isReference ? Peers.referencePlugins : Peers.plugins)
      guard answer.succeeded else { throw HarnessError("\(self): \(answer)") }
    }
  }

  /// What happens before the power goes. Both addresses are leased twice, and in the middle both at the same time.
  static let firstBoot = [
    Call(command: "ADD", container: "old1"),
    Call(command: "ADD", container: "old2", isReference: true),
    Call(command: "DEL", container: "old1"),
    Call(command: "ADD", container: "old3"),
    Call(command: "DEL", container: "old2"),
    Call(command: "ADD", container: "old4"),
    Call(command: "DEL", container: "old3"),
    Call(command: "DEL", container: "old4"),
  ]
}

extension LeasePowerCutCase {
  /// Which call was being made, or had been made last, by the count of events before it.
  struct Calls {
    private var begins: [(eventCount: Int, name: String)] = []

    mutating func begin(_ name: String, at eventCount: Int) { begins.append((eventCount, name)) }

    /// What was going on when the power went.
    func name(at moment: PowerCutRecording.Moment) -> String {
      begins.last { $0.eventCount < moment.eventCount }?.name ?? "mounting"
    }
  }

  /// Makes the calls of the first boot on an empty disk.
  func recordFirstBoot(of machine: PowerCutMachine) throws -> (PowerCutRecording, Calls) {
    var calls = Calls()
    let recording = try machine.record(mountOptions: mountOptions) { disk in
      for call in Self.firstBoot {
        calls.begin(call.description, at: disk.eventCount)
        try call.make(in: machine.store)
        if commitsAfterCalls { try machine.commit() }
      }
      calls.begin("unmounting", at: disk.eventCount)
    }
    return (recording, calls)
  }
}

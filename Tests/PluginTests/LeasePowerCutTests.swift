import TestSupport
import Testing

/// The power goes at any write to the disk, and the machine starts again.
///
/// A disk on which the files are the same as on one before is not tried again: all that a program could find out about
/// them is compared, down to their times. By default a disk loses one write just before it is flushed, and the new boot
/// begins with ADD and with one other command. `POWER_CUTS=all` loses one write at any moment, and begins with each
/// command.
@Suite("Lease store: power cuts") struct LeasePowerCutTests {
  private static let everything = Peers.variable("POWER_CUTS") == "all"

  // Three tests and not one with arguments, of which a skipped one is not told of.
  @Test("the next boot has all addresses, where names are written before bytes")
  func namesFirst() throws { try cutPower(.namesFirst) }

  @Test("the next boot has all addresses, where lengths are written before bytes")
  func lengthsFirst() throws { try cutPower(.lengthsFirst) }

  @Test("the next boot has all addresses, where each system call is written")
  func eachSystemCall() throws { try cutPower(.eachSystemCall) }

  private func cutPower(_ powerCut: LeasePowerCutCase) throws {
    try PowerCutMachine.require()
    try SimulatedBoot.require()
    let machine = try PowerCutMachine(LeasePowerCutCase.twoAddresses)
    let (recording, calls) = try powerCut.recordFirstBoot(of: machine)
    machine.store.boot = try SimulatedBoot()

    let inOrder = recording.inOrder
    let withLoss = Self.momentsWithLoss(of: recording, powerCut)
    var seen: Set<[FileFingerprint]> = []
    var remains = LeaseRemains()
    var complaints: [String] = []
    for moment in inOrder + withLoss {
      let place = "\(powerCut.name), \(calls.name(at: moment)), \(moment)"
      let isNew = try machine.restart(recording, at: moment, mountOptions: powerCut.mountOptions) {
        guard seen.insert(try FileFingerprint.all(below: machine.store.directory.path)).inserted else { return false }
        remains.count(try machine.store.leases())
        complaints += try NewBoot.complaints(about: machine.store, beginningWith: "ADD", place)
        return true
      }
      for command in isNew ? Self.otherCommands(forDisk: seen.count) : [] {
        try machine.restart(recording, at: moment, mountOptions: powerCut.mountOptions) {
          complaints += try NewBoot.complaints(about: machine.store, beginningWith: command, place)
        }
      }
    }
    print(
      """
      power cuts, \(powerCut.name): \(recording.writeCount) writes, \(inOrder.count) cuts in order, \
      \(withLoss.count) with one write lost, \(seen.count) different disks with \(remains)
      """)
    for complaint in complaints { Issue.record(Comment(rawValue: complaint)) }
    // Otherwise the recording shows nothing.
    #expect(seen.count > LeasePowerCutCase.firstBoot.count)
    #expect(remains.whole > 0)
    #expect(remains.empty + remains.garbled > 0 || !powerCut.leavesBrokenFiles)
  }

  /// The moments at which one write gets lost that came before others.
  private static func momentsWithLoss(
    of recording: PowerCutRecording, _ powerCut: LeasePowerCutCase
  ) -> [PowerCutRecording.Moment] {
    if everything { return recording.oneLostAnywhere }
    return powerCut.losesWritesByDefault ? recording.oneLostBeforeFlush : []
  }

  /// What a new boot on a disk begins with besides ADD.
  private static func otherCommands(forDisk number: Int) -> [String] {
    let commands = ["DEL", "GC", "STATUS"]
    return everything ? commands : [commands[number % commands.count]]
  }
}

/// What the lease files of several disks were like.
private struct LeaseRemains: CustomStringConvertible {
  var whole = 0
  var empty = 0
  var garbled = 0

  var description: String { "\(whole) whole leases, \(empty) empty ones, \(garbled) garbled ones" }

  mutating func count(_ leases: [String: String]) {
    let known = Set(LeasePowerCutCase.firstBoot.map { HostLocalStore.content(of: $0.container) })
    for content in leases.values {
      if known.contains(content) { whole += 1 } else if content.isEmpty { empty += 1 } else { garbled += 1 }
    }
  }
}

internal import CLinux
internal import LinuxSystem

/// What was written to a disk, and with it what was on the disk at any moment at which the power could have gone.
package struct PowerCutRecording: Sendable {
  /// What was on the disk at first.
  package let base: [UInt8]

  /// What happened to it.
  package let events: [RecordingDisk.Event]

  package init(base: [UInt8], events: [RecordingDisk.Event]) {
    self.base = base
    self.events = events
  }

  /// A moment at which the power goes.
  package struct Moment: Sendable, CustomStringConvertible {
    /// How many events came before.
    package let eventCount: Int

    /// The event among them that the disk had promised nothing about yet, and that got lost; nil where none did.
    package var lost: Int?

    package var description: String {
      "after event \(eventCount)" + (lost.map { ", event \($0 + 1) lost" } ?? "")
    }
  }

  /// How many of the events are writes.
  package var writeCount: Int { events.count { $0.isWrite } }

  /// Before the first write and after each one, for a disk that writes in the order in which it is told.
  package var inOrder: [Moment] {
    [Moment(eventCount: 0)] + events.indices.filter { events[$0].isWrite }.map { Moment(eventCount: $0 + 1) }
  }

  /// For a disk that writes what comes between two flushes in any order: just before each flush, with each one of the
  /// writes since the one before lost.
  package var oneLostBeforeFlush: [Moment] {
    intervals.flatMap { interval in interval.map { Moment(eventCount: interval.upperBound, lost: $0) } }
  }

  /// The same at every moment, and not only just before a flush. Losing the last write is the moment before it.
  package var oneLostAnywhere: [Moment] {
    intervals.flatMap { interval in
      interval.flatMap { end in (interval.lowerBound..<end).map { Moment(eventCount: end + 1, lost: $0) } }
    }
  }

  /// The places of the writes between two flushes.
  private var intervals: [Range<Int>] {
    let flushes = events.indices.filter { !events[$0].isWrite }
    return zip([-1] + flushes, flushes + [events.count]).map { ($0 + 1)..<$1 }
  }

  /// Writes to a file what is on the disk after the power has gone.
  package func writeDisk(at moment: Moment, to path: String) throws {
    let file = try OwnedDescriptor(opening: path, O_CREAT | O_TRUNC | O_WRONLY, mode: 0o600)
    try writeAll(file.rawValue, base)
    for index in 0..<moment.eventCount where index != moment.lost {
      guard case .write(let offset, let bytes) = events[index] else { continue }
      let count = try systemCall("pwrite", on: path) {
        bytes.withUnsafeBytes { pwrite(file.rawValue, $0.baseAddress, $0.count, off_t(offset)) }
      }
      guard count == bytes.count else { throw HarnessError("\(path) is not written as a whole") }
    }
  }
}

extension RecordingDisk.Event {
  fileprivate var isWrite: Bool {
    switch self {
    case .write: true
    case .flush: false
    }
  }
}

internal import CLinux
internal import LinuxSystem
package import Testing

/// A machine that keeps the leases of host-local on a disk of their own, and whose power can go at any write to it.
package final class PowerCutMachine {
  /// The store whose data directory is the disk's file system.
  package var store: HostLocalStore

  private let host: Host

  /// How often the machine has been started again.
  private var restarts = 0

  /// A file that is as large as the disk.
  private static let diskFile = "/var/lib/disk"

  /// An empty ext4 of four megabytes, with a journal of one.
  private let emptyDisk: [UInt8]

  /// What the blocks are full of that no file has: what a file shows that was made longer before it was written.
  private static let garbage = UInt8(ascii: "Z")

  package init(_ ranges: String) throws {
    host = try Host()
    store = try HostLocalStore(ranges)
    emptyDisk = try host.run {
      try writeFile(Self.diskFile, [UInt8](repeating: Self.garbage, count: 4 << 20))
      try runTool(
        "/usr/sbin/mke2fs",
        [
          "-q", "-F", "-t", "ext4", "-b", "1024", "-I", "256", "-N", "64", "-J", "size=1", "-E",
          "nodiscard,lazy_itable_init=0,lazy_journal_init=0", Self.diskFile,
        ])
      return try readFile(Self.diskFile, limit: 8 << 20)
    }
  }

  /// Skips the test that runs now where a disk cannot be recorded.
  package static func require(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try Privileges.require(.systemAdministration, sourceLocation: sourceLocation)
    for (path, what) in [("/usr/sbin/mke2fs", "mke2fs"), ("/dev/fuse", "FUSE"), ("/dev/loop-control", "loop devices")]
    where access(path, F_OK) != 0 {
      try skip("cannot record a disk: there is no \(what)", sourceLocation: sourceLocation)
    }
    if let obstacle { try skip("cannot record a disk: \(obstacle)", sourceLocation: sourceLocation) }
  }

  /// Why a disk cannot be recorded here; nil where it can.
  private static let obstacle: String? = {
    do {
      let recording = try PowerCutMachine(HostLocalStore.slash24).record(mountOptions: "data=ordered") { _ in }
      return recording.writeCount > 0 ? nil : "mounting a file system wrote nothing"
    } catch {
      return "\(error)"
    }
  }()

  /// Makes calls on an empty disk and records what is written to it, to the end of unmounting it.
  package func record(
    mountOptions: String, _ calls: (RecordingDisk) throws -> Void
  ) throws -> PowerCutRecording {
    let events = try host.run {
      try RecordingDisk.record(emptyDisk, at: Self.diskFile) { disk in
        try withMounted(Self.diskFile, mountOptions) { try calls(disk) }
      }
    }
    return PowerCutRecording(base: emptyDisk, events: events)
  }

  /// Makes calls on the disk as it is after the power has gone.
  package func restart<Value>(
    _ recording: PowerCutRecording, at moment: PowerCutRecording.Moment, mountOptions: String,
    _ calls: () throws -> Value
  ) throws -> Value {
    try host.run {
      // Another file each time: the kernel is done with a disk only some time after its file system was unmounted.
      restarts += 1
      let disk = "\(Self.diskFile).\(restarts)"
      try recording.writeDisk(at: moment, to: disk)
      defer { unlink(disk) }
      return try withMounted(disk, mountOptions, calls)
    }
  }

  /// Makes the file system write down what has changed, in two steps: the directories, and of the files' bytes what it
  /// thinks belongs to them; and then the rest. The first happens by itself every five seconds, the second later.
  package func commit() throws {
    let file = try OwnedDescriptor(opening: store.directory.file("beside"), O_CREAT | O_WRONLY, mode: 0o600)
    try writeAll(file.rawValue, [0])
    _ = try systemCall("fsync") { fsync(file.rawValue) }
    _ = try systemCall("syncfs") { syncfs(file.rawValue) }
  }

  private func withMounted<Value>(_ disk: String, _ options: String, _ body: () throws -> Value) throws -> Value {
    let directory = store.directory.path
    try runTool("/bin/mount", ["-t", "ext4", "-o", "loop,\(options)", disk, directory])
    let outcome = Result { try body() }
    // A program that another test starts has our files open for the moment before it begins.
    try waitUntil("\(directory) is unmounted") { umount2(directory, 0) == 0 }
    return try outcome.get()
  }
}

private func writeFile(_ path: String, _ content: [UInt8]) throws {
  let file = try OwnedDescriptor(opening: path, O_CREAT | O_TRUNC | O_WRONLY, mode: 0o600)
  try writeAll(file.rawValue, content)
}

private func runTool(_ path: String, _ arguments: [String]) throws {
  let outcome = try Program(path, arguments).run()
  guard outcome.status == 0 else { throw HarnessError("\(path) \(arguments): \(outcome)") }
}

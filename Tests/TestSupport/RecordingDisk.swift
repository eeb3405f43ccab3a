internal import CLinux
internal import Foundation
internal import LinuxSystem
internal import Synchronization

/// A file that stands for a disk and remembers each write to it, in order.
///
/// The file is one of a file system in user space (FUSE) whose root is that one file, and which this process answers for:
/// a loop device on it has a disk to which nothing is written unseen. It needs `/dev/fuse`, and no library.
package final class RecordingDisk: Sendable {
  /// What was asked of the disk.
  package enum Event: Sendable {
    /// A sector was written.
    case write(offset: Int, bytes: [UInt8])
    /// Everything before has reached the disk when this is answered; a real disk writes in any order until then.
    case flush
  }

  /// What a disk writes as a whole, or not at all.
  private static let sectorSize = 1024

  private struct State {
    var content: [UInt8]
    var events: [Event] = []
    var hasEnded = false
  }

  private let state: Mutex<State>

  /// The descriptor of `/dev/fuse`: the kernel's requests come out of it. The serving thread closes it.
  private let connection: CInt

  private init(_ content: [UInt8], connection: CInt) {
    state = Mutex(State(content: content))
    self.connection = connection
  }

  /// Lets a body use a disk, and tells what it did to it.
  ///
  /// - Parameters:
  ///   - content: What is on the disk at first.
  ///   - path: Where the disk appears: a file that exists, in the calling thread's mount namespace.
  ///   - body: It has to be done with the disk when it returns.
  package static func record(
    _ content: [UInt8], at path: String, _ body: (RecordingDisk) throws -> Void
  ) throws -> [Event] {
    let connection = try OwnedDescriptor(opening: "/dev/fuse", O_RDWR)
    let mode = String(mode_t(CLinux.S_IFREG), radix: 8)
    let options = "fd=\(connection.rawValue),rootmode=\(mode),user_id=0,group_id=0,allow_other"
    _ = try systemCall("mount", on: path) { mount("recording-disk", path, "fuse", UInt(MS_NODEV | MS_NOSUID), options) }
    let disk = RecordingDisk(content, connection: connection.take())
    Thread.detachNewThread { disk.serve() }
    let outcome = Result { try body(disk) }
    // Detached, because the loop device lets go of the file a little after its file system is unmounted.
    umount2(path, CInt(MNT_DETACH))
    try waitUntil("the disk at \(path) is let go") { disk.state.withLock { $0.hasEnded } }
    try outcome.get()
    return disk.state.withLock { $0.events }
  }

  /// How much has been asked of the disk so far.
  package var eventCount: Int { state.withLock { $0.events.count } }

  // MARK: The other end of the file system

  /// Answers the kernel's requests until the disk is unmounted, or nobody answers any more.
  private func serve() {
    // As much as one request can have: what one write carries is limited below.
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(connection, $0.baseAddress, $0.count) }
      if count < 0, [EINTR, EAGAIN, ENOENT].contains(swiftcni_errno()) { continue }
      guard count > 0 else { break }
      guard let reply = reply(to: DiskRequest(buffer[..<count])) else { continue }
      // An error means that the request was taken back, or that the disk is gone, which the next read tells.
      _ = reply.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
    }
    close(connection)
    state.withLock { $0.hasEnded = true }
  }

  /// The reply to a request; nil where none is expected.
  private func reply(to request: DiskRequest) -> [UInt8]? {
    switch request.operation {
    case .initialize: return request.reply(DiskRequest.agreement)
    case .getAttributes, .setAttributes:
      return request.reply(DiskRequest.attributes(size: state.withLock { $0.content.count }))
    case .open: return request.reply(DiskRequest.opened)
    case .read:
      let range = request.range
      return request.reply(state.withLock { Array($0.content[range.clamped(to: 0..<$0.content.count)]) })
    case .write:
      let range = request.range
      let bytes = request.written
      let fits = state.withLock { state in
        guard range.upperBound <= state.content.count, bytes.count == range.count else { return false }
        state.content.replaceSubrange(range, with: bytes)
        for start in stride(from: 0, to: bytes.count, by: Self.sectorSize) {
          let sector = bytes[start..<min(start + Self.sectorSize, bytes.count)]
          state.events.append(.write(offset: range.lowerBound + start, bytes: Array(sector)))
        }
        return true
      }
      return fits ? request.reply(DiskRequest.written(range.count)) : request.reply(error: EIO)
    case .synchronize:
      state.withLock { $0.events.append(.flush) }
      return request.reply([])
    case .closeOne, .release, .access, .destroy: return request.reply([])
    case .statistics: return request.reply([UInt8](repeating: 0, count: DiskRequest.statisticsSize))
    case .forget, .forgetMany, .interrupt: return nil
    case nil: return request.reply(error: ENOSYS)
    }
  }
}

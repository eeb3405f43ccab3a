internal import CLinux
package import CNI
package import LinuxSystem
internal import SystemPackage

/// The memory of the plugins: which attachments exist, or were begun, and what each of them made.
///
/// A record is one file, `<directory>/attachments/<network>/<plugin>/<container id>:<interface name>`; a colon is in
/// neither of the two. The directory is below `/run`, so it vanishes at a reboot exactly when the kernel's state does.
/// A record is found by its name and never by reading others: what an ADD or a DEL costs does not grow with the node.
///
/// While a plugin works on an attachment it holds the record's lock (`flock(2)`). A record in the phase
/// ``AttachmentRecord/Phase/adding`` that nobody holds is what a killed ADD left.
package struct Journal: Sendable {
  /// Where the journal is unless somebody says otherwise.
  package static let standardDirectory = "/run/swift-cni"

  /// How long a plugin waits for another one that works on the same attachment, in seconds.
  package static let patience = 20

  /// The directory that holds the journal.
  package let directory: String

  package init(directory: String = Journal.standardDirectory) {
    self.directory = directory
  }

  /// Opens and locks the record of an attachment; makes an empty one where there is none.
  ///
  /// - Throws: `ETIMEDOUT` when another process works on the attachment for too long.
  package func begin(_ attachment: Attachment, plugin: String) throws(SystemError) -> JournalEntry {
    let path = path(of: attachment, plugin: plugin)
    while true {
      let file = try openRecord(path, in: recordDirectory(network: attachment.network, plugin: plugin))
      if let entry = try JournalEntry(locking: file, path: path, seconds: Journal.patience) { return entry }
    }
  }

  /// Opens the file of a record; makes it, and the directory, where there is none.
  private func openRecord(_ path: String, in directory: String) throws(SystemError) -> OwnedDescriptor {
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK
    do throws(SystemError) {
      return try OwnedDescriptor(opening: path, flags, mode: 0o600)
    } catch {
      if error.code != .noSuchFileOrDirectory { throw error }
      try makeDirectories(directory, mode: 0o700)
      // Once: a symbolic link that leads nowhere is there, and yet nothing can be made in it.
      return try OwnedDescriptor(opening: path, flags, mode: 0o600)
    }
  }

  /// Opens and locks the record of an attachment.
  ///
  /// What is there and is no file, as a symbolic link or a pipe, counts as a record that cannot be read: whoever takes the
  /// attachment apart must not fail because of it.
  ///
  /// - Returns: nil when there is none.
  /// - Throws: `ETIMEDOUT` when another process works on the attachment for too long.
  package func entry(of attachment: Attachment, plugin: String) throws(SystemError) -> JournalEntry? {
    try entry(of: attachment, plugin: plugin, seconds: Journal.patience)
  }

  /// Opens and locks the record of an attachment that nobody works on at the moment.
  ///
  /// - Returns: nil when there is none, or when somebody works on it.
  package func idleEntry(of attachment: Attachment, plugin: String) throws(SystemError) -> JournalEntry? {
    try entry(of: attachment, plugin: plugin, seconds: nil)
  }

  /// The attachments of a network for which a plugin has a record, in no order.
  package func attachments(of network: String, plugin: String) throws(SystemError) -> [Attachment] {
    try namesIfPresent(recordDirectory(network: network, plugin: plugin)).compactMap { name in
      // A file that somebody else put here is not a record.
      guard let colon = name.firstIndex(of: ":"), name.startIndex < colon, name.index(after: colon) < name.endIndex
      else {
        return nil
      }
      return Attachment(
        network: network, containerID: String(name[..<colon]), interfaceName: String(name[name.index(after: colon)...]))
    }
  }

  /// What is written down about an attachment, whichever plugin wrote it and whoever works on it; nil where nothing is.
  package func record(of attachment: Attachment) throws(SystemError) -> AttachmentRecord? {
    for plugin in try namesIfPresent("\(directory)/attachments/\(attachment.network)") {
      if let record = record(of: attachment, plugin: plugin) { return record }
    }
    return nil
  }

  /// What a plugin has written down about an attachment, whoever works on it; nil where there is nothing, or nothing that
  /// can be read.
  package func record(of attachment: Attachment, plugin: String) -> AttachmentRecord? {
    let path = path(of: attachment, plugin: plugin)
    guard let file = try? OwnedDescriptor(opening: path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
      let bytes = try? readAll(file.rawValue, limit: AttachmentRecord.greatestLength)
    else { return nil }
    return AttachmentRecord(parsing: bytes)
  }

  /// Whether another network has a record of an interface of this name in this container, whichever plugin wrote it.
  ///
  /// It looks into the directory of each network, so it is for the rare case.
  package func hasRecordOfAnotherNetwork(for attachment: Attachment) throws(SystemError) -> Bool {
    for network in try namesIfPresent("\(directory)/attachments") where network != attachment.network {
      for plugin in try namesIfPresent("\(directory)/attachments/\(network)") {
        let other = Attachment(
          network: network, containerID: attachment.containerID, interfaceName: attachment.interfaceName)
        if access(path(of: other, plugin: plugin), F_OK) == 0 { return true }
      }
    }
    return false
  }

  /// Whether the journal can be written: what STATUS asks.
  package func makeReady() throws(SystemError) {
    try makeDirectories(directory + "/attachments", mode: 0o700)
    _ = try systemCall("access", on: directory) { access(directory + "/attachments", R_OK | W_OK | X_OK) }
  }

  /// Opens a file beside the journal that plugins share to lock it; makes it where there is none.
  ///
  /// - Parameter name: The path below the journal's directory.
  package func sharedFile(_ name: String) throws(SystemError) -> OwnedDescriptor {
    let path = "\(directory)/\(name)"
    do throws(SystemError) {
      return try OwnedDescriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
    } catch {
      guard error.code == .noSuchFileOrDirectory, let slash = path.lastIndex(of: "/") else { throw error }
      try makeDirectories(String(path[..<slash]), mode: 0o700)
      return try OwnedDescriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
    }
  }

  private func namesIfPresent(_ directory: String) throws(SystemError) -> [String] {
    do throws(SystemError) {
      return try namesInDirectory(directory)
    } catch {
      if error.code == .noSuchFileOrDirectory || error.code == .notDirectory { return [] }
      throw error
    }
  }

  private func recordDirectory(network: String, plugin: String) -> String {
    "\(directory)/attachments/\(network)/\(plugin)"
  }

  private func path(of attachment: Attachment, plugin: String) -> String {
    "\(recordDirectory(network: attachment.network, plugin: plugin))/\(attachment.containerID):\(attachment.interfaceName)"
  }

  private func entry(of attachment: Attachment, plugin: String, seconds: Int?) throws(SystemError) -> JournalEntry? {
    let path = path(of: attachment, plugin: plugin)
    do throws(SystemError) {
      return try entry(at: path, seconds: seconds)
    } catch {
      if isObstacle(path) { return JournalEntry(obstructedAt: path) }
      throw error
    }
  }

  private func entry(at path: String, seconds: Int?) throws(SystemError) -> JournalEntry? {
    while true {
      let file: OwnedDescriptor
      do throws(SystemError) {
        file = try OwnedDescriptor(opening: path, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
      } catch {
        switch error.code {
        // A name that is too long was never written, and nothing where there is no directory for it.
        case .noSuchFileOrDirectory, .fileNameTooLong, .notDirectory: return nil
        default: throw error
        }
      }
      if let seconds {
        if let entry = try JournalEntry(locking: file, path: path, seconds: seconds) { return entry }
      } else {
        guard try tryLock(file.rawValue, .exclusive) else { return nil }
        if let entry = try JournalEntry(locked: file, path: path) { return entry }
      }
    }
  }
}

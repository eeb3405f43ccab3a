internal import CLinux
internal import LinuxSystem
internal import NetworkAddresses
internal import SystemPackage

/// A lease file that has its content, but not yet an address for a name. It goes away with its owner.
///
/// With `link(2)` the finished file gets its name, and only if nobody has that name: a lease appears whole or not at
/// all, wherever its writer is killed. Only the holder of the store's lock may make one.
struct PreparedLease: ~Copyable {
  private let directory: LeaseDirectory

  /// The file as it will be found.
  let file: LeaseFile

  init(in directory: LeaseDirectory, content: [UInt8]) throws(SystemError) {
    // What a killed writer left may be the second name of a lease: it is removed, never written to.
    try removeFile(directory.preparedLease)
    let file = try OwnedDescriptor(opening: directory.preparedLease, O_CREAT | O_EXCL | O_WRONLY, mode: 0o600)
    do throws(SystemError) {
      try writeAll(file.rawValue, content, subject: directory.preparedLease)
      self.file = LeaseFile(content, try fileStatus(of: file.rawValue, subject: directory.preparedLease))
    } catch {
      unlink(directory.preparedLease)
      throw error
    }
    self.directory = directory
  }

  /// Gives the file an address for a name.
  ///
  /// - Returns: False when there is a lease of this address already.
  func take(_ address: IPAddress) throws(SystemError) -> Bool {
    let name = directory.lease(of: address)
    do throws(SystemError) {
      _ = try systemCall("link", on: name) { link(directory.preparedLease, name) }
      return true
    } catch {
      if error.code == .fileExists { return false }
      throw error
    }
  }

  /// Fails if the file could not be given a name, and leaves it without one.
  func tryName() throws(SystemError) {
    let name = directory.preparedLease + ".name"
    try removeFile(name)
    _ = try systemCall("link", on: name) { link(directory.preparedLease, name) }
    try removeFile(name)
  }

  deinit { unlink(directory.preparedLease) }
}

internal import CLinux
internal import LinuxSystem
internal import NetworkAddresses
internal import SystemPackage

/// What is where on disk: the leases of one network in host-local's format, and our index of them beside it.
///
///     /var/lib/cni/networks/<network>/
///       10.1.0.2             one file per lease; see ``LeaseOwner`` for its content
///       last_reserved_ip.0   the address handed out last, one file per pool
///       lock                 the file that everybody locks, ours and the reference's
///       .lease               a lease that has no name yet; see ``PreparedLease``
///     /var/lib/cni/networks/.swift-cni/<network>/
///       index                see ``LeaseIndex``
///       index.new            one that is being built
struct LeaseDirectory: Sendable {
  let path: String

  /// Where the index is. No network can have the name of the directory above it, because none begins with a dot; and
  /// the reference, which reads whatever is below a network's directory, never comes here.
  let indexDirectory: String

  init(path: String) {
    self.path = path
    // The network's name is the last part of the path, and never empty.
    let nameStart = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
    indexDirectory = "\(path[..<nameStart]).swift-cni/\(path[nameStart...])"
  }

  var lockFile: String { path + "/lock" }

  /// Neither the reference nor anybody else takes this name for an address.
  var preparedLease: String { path + "/.lease" }

  var index: String { indexDirectory + "/index" }

  var newIndex: String { indexDirectory + "/index.new" }

  func lease(of address: IPAddress) -> String { "\(path)/\(address)" }

  func lastReserved(ofPool number: Int) -> String { "\(path)/last_reserved_ip.\(number)" }

  /// The address whose lease a file is, by the file's name; nil for every other file.
  ///
  /// Only the canonical text is written by anybody: a file `010.1.0.2` or `FD00::1` is not a lease.
  func address(ofFile name: String) -> IPAddress? {
    guard let address = IPAddress(name), address.description == name else { return nil }
    return address
  }

  /// Reads the lease of an address; nil where there is none.
  ///
  /// - Throws: When the machine has run short of files or memory, which says nothing about this file: whoever took the
  ///   holder for unknown would forget a lease that he was asked to release.
  func leaseFile(of address: IPAddress) throws(SystemError) -> LeaseFile? {
    let path = lease(of: address)
    do throws(SystemError) {
      // A symbolic link is nobody's lease, and where it leads is none of our business.
      let file = try OwnedDescriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
      return try LeaseFile(file.rawValue, subject: path)
    } catch {
      switch error.code {
      case .noSuchFileOrDirectory: return nil
      case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory: throw error
      case .tooManySymbolicLinkLevels, .isDirectory, .noSuchAddressOrDevice: return .unreadable(forGood: true)
      default: return .unreadable(forGood: false)
      }
    }
  }
}

/// A lease file as it was found.
struct LeaseFile: Sendable {
  /// Whom it names.
  let holder: LeaseHolder

  /// Its number in the file system.
  let inode: UInt64

  /// When it was written, in nanoseconds since 1970.
  let modified: Int64

  /// When anything about it was changed last, in nanoseconds since 1970: the one time that nobody can set.
  let changed: Int64

  /// Whether the next one who reads it may find something else, though nobody writes it: it could not be read this time.
  let isDoubtful: Bool

  /// No holder's names are longer, in bytes.
  private static let greatestLength = 4096

  /// What is known of a file that cannot be read.
  ///
  /// - Parameter isForGood: Whether it is none that ever can be, such as a directory.
  static func unreadable(forGood isForGood: Bool) -> LeaseFile {
    LeaseFile(holder: .unreadable, inode: 0, modified: 0, changed: .max, isDoubtful: !isForGood)
  }

  private init(holder: LeaseHolder, inode: UInt64, modified: Int64, changed: Int64, isDoubtful: Bool) {
    self.holder = holder
    self.inode = inode
    self.modified = modified
    self.changed = changed
    self.isDoubtful = isDoubtful
  }

  /// Reads an opened lease file.
  init(_ descriptor: CInt, subject: String) throws(SystemError) {
    let status = try fileStatus(of: descriptor, subject: subject)
    if status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG), status.st_size > Self.greatestLength {
      self.init([], status)
      return
    }
    self.init(try readAll(descriptor, limit: Self.greatestLength, subject: subject), status)
  }

  /// A file with this content.
  init(_ content: [UInt8], _ status: stat) {
    self.init(
      holder: LeaseHolder(fileContent: content), inode: UInt64(status.st_ino), modified: nanoseconds(status.st_mtim),
      changed: nanoseconds(status.st_ctim), isDoubtful: false)
  }
}

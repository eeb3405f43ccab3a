internal import CLinux
internal import LinuxSystem
internal import NetworkAddresses
internal import SystemPackage

/// What is where on disk: the leases of one network in host-local's format.
///
///     /var/lib/cni/networks/<network>/
///       10.1.0.2             one file per lease; see ``LeaseOwner`` for its content
///       last_reserved_ip.0   the address handed out last, one file per pool
///       lock                 the file that everybody locks, ours and the reference's
///       .lease               a lease that has no name yet; see ``PreparedLease``
struct LeaseDirectory: Sendable {
  let path: String

  var lockFile: String { path + "/lock" }

  /// Neither the reference nor anybody else takes this name for an address.
  var preparedLease: String { path + "/.lease" }

  func lease(of address: IPAddress) -> String { "\(path)/\(address)" }

  func lastReserved(ofPool number: Int) -> String { "\(path)/last_reserved_ip.\(number)" }

  /// The address whose lease a file is, by the file's name; nil for every other file.
  ///
  /// Only the canonical text is written by anybody: a file `010.1.0.2` or `FD00::1` is not a lease.
  func address(ofFile name: String) -> IPAddress? {
    guard let address = IPAddress(name), address.description == name else { return nil }
    return address
  }

  /// Who holds an address; nil when nobody does.
  ///
  /// A file that cannot be read holds its address as much as any other.
  ///
  /// - Throws: When the machine has run short of files or memory, which says nothing about this file: whoever took the
  ///   holder for unknown would forget a lease that he was asked to release.
  func holder(of address: IPAddress) throws(SystemError) -> LeaseHolder? {
    do throws(SystemError) {
      return LeaseHolder(fileContent: try readFile(lease(of: address), limit: 4096))
    } catch {
      switch error.code {
      case .noSuchFileOrDirectory: return nil
      case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory: throw error
      default: return .unknown
      }
    }
  }
}

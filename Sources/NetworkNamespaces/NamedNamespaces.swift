internal import CLinux
public import LinuxSystem
internal import SystemPackage

extension NetworkNamespace {
  /// The namespace that `ip netns` knows under a name.
  ///
  /// - Throws: As ``init(path:)``; `EINVAL` for what can be no name.
  public static func named(_ name: String) throws(SystemError) -> NetworkNamespace {
    try NamedNamespaces().open(name)
  }

  /// Creates a namespace with a name. It lives, without any process or handle, until it is deleted, and `ip netns`
  /// knows it. The calling thread stays where it was.
  ///
  /// - Returns: A handle on it.
  /// - Throws: `EEXIST` where the name is taken, `EINVAL` for what can be no name. A failure leaves nothing behind.
  public static func new(named name: String) throws(SystemError) -> NetworkNamespace {
    try NamedNamespaces().create(name)
  }

  /// Takes a namespace's name away. The namespace itself ends with the last process, handle or mount that uses it.
  ///
  /// - Throws: `ENOENT` where there is no such name, `EINVAL` for what can be no name.
  public static func delete(named name: String) throws(SystemError) {
    try NamedNamespaces().delete(name)
  }
}

/// The directory in which `ip netns` keeps namespaces by name: each is an empty file on which the namespace is mounted.
package struct NamedNamespaces: Sendable {
  /// Where they are, best first. The second is iproute2's own spelling; on a host both are one directory, in a
  /// container that sees a part of the host they need not be.
  let directories: [String]

  package init(directories: [String] = ["/run/netns", "/var/run/netns"]) {
    self.directories = directories
  }

  /// Opens a namespace by its name.
  package func open(_ name: String) throws(SystemError) -> NetworkNamespace {
    try validate(name)
    return try NetworkNamespace(path: path(of: name))
  }

  /// Creates a namespace with a name.
  package func create(_ name: String) throws(SystemError) -> NetworkNamespace {
    try validate(name)
    let namespace = try NetworkNamespace.new()
    try attach(namespace, as: name)
    return namespace
  }

  /// Gives a namespace a name, as `ip netns attach` does. A failure leaves neither a file nor a mount of that name.
  package func attach(_ namespace: borrowing NetworkNamespace, as name: String) throws(SystemError) {
    try validate(name)
    let directory = directory
    // Held to the end: two that prepare the directory at once would mount it on itself twice. `ip netns` takes it too.
    let lock = try prepare(directory)
    defer { withExtendedLifetime(lock) {} }
    let path = "\(directory)/\(name)"
    // Without any permission, as iproute2 makes it: nothing reads the file below the mount.
    _ = try OwnedDescriptor(opening: path, O_RDONLY | O_CREAT | O_EXCL)
    do throws(SystemError) {
      try bind("/proc/thread-self/fd/\(namespace.descriptor)", to: path)
    } catch {
      _ = unlink(path)
      throw error
    }
  }

  /// Unmounts the namespace and removes the name. One whose creator died half-way is a file without a mount, and is
  /// removed too.
  package func delete(_ name: String) throws(SystemError) {
    try validate(name)
    let path = path(of: name)
    do throws(SystemError) {
      // Once for each time that something was mounted there.
      while true { try unmount(path) }
    } catch {
      // EINVAL: nothing is mounted there, any more or ever.
      guard error.code == .invalidArgument else { throw error }
    }
    _ = try systemCall("unlink", on: path) { unlink(path) }
  }

  /// Where a name is: in the first directory that has it, or else where it would be created.
  package func path(of name: String) -> String {
    for directory in directories {
      let path = "\(directory)/\(name)"
      if exists(path) { return path }
    }
    return "\(directory)/\(name)"
  }

  /// Where names are created: the first directory that there is, or else the first.
  private var directory: String { directories.first(where: exists) ?? directories[0] }

  /// Whether there is a file, be it a link that leads nowhere.
  private func exists(_ path: String) -> Bool {
    faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0
  }
}

/// A name is one file name. `/` or `..` would lead out of the directory, and a NUL would end the name early.
private func validate(_ name: String) throws(SystemError) {
  let bytes = name.utf8
  guard !bytes.isEmpty, name != ".", name != "..", !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")) else {
    throw SystemError("name a network namespace", .invalidArgument, on: name)
  }
  guard bytes.count <= Int(NAME_MAX) else { throw SystemError("name a network namespace", .fileNameTooLong, on: name) }
}

/// Makes the directory, and makes it a mount that other mount namespaces share, as `ip netns add` does: a name that is
/// deleted here is then gone there too, instead of keeping its namespace alive unseen.
///
/// - Returns: The lock on the directory.
private func prepare(_ directory: String) throws(SystemError) -> OwnedDescriptor {
  try makeDirectories(directory, mode: 0o755)
  let lock = try OwnedDescriptor(opening: directory, O_RDONLY | O_DIRECTORY)
  _ = try systemCall("flock", on: directory) { flock(lock.rawValue, LOCK_EX) }
  do throws(SystemError) {
    try share(directory)
  } catch {
    // EINVAL: it is no mount yet. Mounted on itself it becomes one.
    guard error.code == .invalidArgument else { throw error }
    try bind(directory, to: directory, MS_BIND | MS_REC)
    do throws(SystemError) { try share(directory) } catch {
      try? unmount(directory)
      throw error
    }
  }
  return lock
}

private func share(_ directory: String) throws(SystemError) {
  _ = try systemCall("mount", on: directory) { mount("", directory, "none", UInt(MS_SHARED | MS_REC), nil) }
}

private func bind(_ source: String, to path: String, _ flags: Int = MS_BIND) throws(SystemError) {
  _ = try systemCall("mount", on: path) { mount(source, path, "none", UInt(flags), nil) }
}

private func unmount(_ path: String) throws(SystemError) {
  _ = try systemCall("umount", on: path) { umount2(path, CInt(MNT_DETACH | UMOUNT_NOFOLLOW)) }
}

internal import CLinux
public import LinuxSystem
internal import SystemPackage

extension NetworkNamespace {
  /// The network namespace of the calling *thread*.
  ///
  /// `/proc/self/ns/net` would be the main thread's, which is another one as soon as any thread has moved.
  public static func current() throws(SystemError) -> NetworkNamespace {
    try NetworkNamespace(unchecked: "/proc/thread-self/ns/net")
  }

  /// The network namespace of a process: that of its main thread.
  ///
  /// - Throws: `ENOENT` where there is no such process or it has ended, `EACCES` where it may not be looked at.
  public static func ofProcess(_ processID: CInt) throws(SystemError) -> NetworkNamespace {
    try NetworkNamespace(unchecked: "/proc/\(processID)/ns/net")
  }

  /// The network namespace of one thread of a process.
  ///
  /// - Throws: `ENOENT` where there is no such process or thread, `EACCES` where it may not be looked at.
  public static func ofThread(_ threadID: CInt, inProcess processID: CInt) throws(SystemError) -> NetworkNamespace {
    try NetworkNamespace(unchecked: "/proc/\(processID)/task/\(threadID)/ns/net")
  }

  /// The network namespace that a path leads to: `/run/netns/blue`, `/proc/42/ns/net`, `/proc/42/fd/7`.
  ///
  /// Whatever else the path leads to is refused at once, a pipe without a writer included.
  ///
  /// - Throws: An error whose subject is the path. ``LinuxSystem/SystemError/isNotFound`` tells a path that leads
  ///   nowhere, ``LinuxSystem/SystemError/isNotNetworkNamespace`` one that leads to something else.
  public init(path: String) throws(SystemError) {
    let file = try openWithoutWaiting(path)
    try requireNetworkNamespace(file.rawValue, path: path)
    self.init(owning: file.take())
  }

  /// Opens a path at which the kernel keeps nothing but network namespaces.
  private init(unchecked path: String) throws(SystemError) {
    self.init(owning: try openWithoutWaiting(path).take())
  }
}

extension SystemError {
  /// Whether the path of a namespace leads nowhere: the namespace is gone, or was never there.
  public var isNotFound: Bool { code == .noSuchFileOrDirectory }

  /// Whether the path of a namespace leads to something that is no network namespace: a file, a directory, a pipe, a
  /// socket, a namespace of another kind, or the file that is left where a named namespace was unmounted.
  public var isNotNetworkNamespace: Bool { operation.hasSuffix(useAsNetworkNamespace) }

  /// What was found where a network namespace was expected: `use a directory as a network namespace "/tmp": invalid
  /// argument`.
  fileprivate static func notNetworkNamespace(_ found: String, path: String) -> SystemError {
    SystemError("use \(found)\(useAsNetworkNamespace)", .invalidArgument, on: path)
  }
}

private let useAsNetworkNamespace = " as a network namespace"

private func openWithoutWaiting(_ path: String) throws(SystemError) -> OwnedDescriptor {
  do throws(SystemError) {
    // Or the open of a pipe would wait for its writer, and a terminal could become the process's own.
    return try OwnedDescriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    // What open(2) says of a socket, and of a device without a driver.
    if error.code == .noSuchAddressOrDevice { throw .notNetworkNamespace("a socket or device", path: path) }
    throw error
  }
}

/// Two questions, both on the way of every call of a plugin: is it a file of the namespace file system (no other file
/// may see the ioctl, whose number a driver can use for ends of its own), and of which kind.
private func requireNetworkNamespace(_ descriptor: CInt, path: String) throws(SystemError) {
  var fileSystem = statfs()
  _ = try systemCall("fstatfs", on: path) { fstatfs(descriptor, &fileSystem) }
  guard UInt32(truncatingIfNeeded: fileSystem.f_type) == SWIFTCNI_NSFS_MAGIC else {
    throw .notNetworkNamespace(try nameOfFileType(descriptor, path: path), path: path)
  }
  let kind = NamespaceKind(
    rawValue: try systemCall("ioctl NS_GET_NSTYPE", on: path) { swiftcni_namespace_type(descriptor) })
  guard kind == .network else { throw .notNetworkNamespace("a namespace of the kind \(kind)", path: path) }
}

private func nameOfFileType(_ descriptor: CInt, path: String) throws(SystemError) -> String {
  var status = stat()
  _ = try systemCall("fstat", on: path) { fstat(descriptor, &status) }
  switch CInt(bitPattern: status.st_mode) & S_IFMT {
  case S_IFREG: return "a regular file"
  case S_IFDIR: return "a directory"
  case S_IFIFO: return "a pipe"
  case S_IFCHR: return "a character device"
  case S_IFBLK: return "a block device"
  default: return "another file"
  }
}

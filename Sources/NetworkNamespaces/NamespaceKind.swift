internal import CLinux
public import LinuxSystem
public import SystemPackage

/// The kinds of namespaces that the kernel knows. None of them is "any kind" for ``setNamespace(_:_:)``.
///
/// An `OptionSet` over the kernel's own numbers, so that a kind which is newer than this list can be written too.
public struct NamespaceKind: OptionSet, Hashable, Sendable {
  /// `CLONE_NEW*` constants, or-ed.
  public let rawValue: CInt

  public init(rawValue: CInt) { self.rawValue = rawValue }

  /// Network devices, addresses, routes, sockets, firewall. The C constant is `CLONE_NEWNET`.
  public static let network = NamespaceKind(rawValue: CLONE_NEWNET)

  /// Mount points. The C constant is `CLONE_NEWNS`.
  public static let mount = NamespaceKind(rawValue: CLONE_NEWNS)

  /// System V IPC and POSIX message queues. The C constant is `CLONE_NEWIPC`.
  public static let ipc = NamespaceKind(rawValue: CLONE_NEWIPC)

  /// Host name and domain name. The C constant is `CLONE_NEWUTS`.
  public static let uts = NamespaceKind(rawValue: CLONE_NEWUTS)

  /// User and group ids, and capabilities. The C constant is `CLONE_NEWUSER`.
  public static let user = NamespaceKind(rawValue: CLONE_NEWUSER)

  /// Process ids. The C constant is `CLONE_NEWPID`.
  public static let pid = NamespaceKind(rawValue: CLONE_NEWPID)

  /// The root of the cgroup tree. The C constant is `CLONE_NEWCGROUP`.
  public static let cgroup = NamespaceKind(rawValue: CLONE_NEWCGROUP)

  /// The monotonic and the boot-time clock. The C constant is `CLONE_NEWTIME`.
  public static let time = NamespaceKind(rawValue: CLONE_NEWTIME)
}

extension NamespaceKind: CustomStringConvertible {
  /// The kinds in the words of the constants: `network`, `mount, user`; a number for what has no name here.
  public var description: String {
    let names: [(kind: NamespaceKind, name: String)] = [
      (.network, "network"), (.mount, "mount"), (.ipc, "ipc"), (.uts, "uts"), (.user, "user"), (.pid, "pid"),
      (.cgroup, "cgroup"), (.time, "time"),
    ]
    var rest = self
    var parts: [String] = []
    for (kind, name) in names where rest.contains(kind) {
      rest.remove(kind)
      parts.append(name)
    }
    if !rest.isEmpty { parts.append("0x" + String(UInt32(bitPattern: rest.rawValue), radix: 16)) }
    return parts.joined(separator: ", ")
  }
}

/// Moves the calling thread into the namespace that a descriptor refers to: `setns(2)` as it is.
///
/// Nothing brings the thread back; ``NetworkNamespace/run(_:)`` does. User, mount and time namespaces do not let in a
/// thread of a process that has several.
///
/// - Parameter kinds: What the descriptor may refer to; none of them is any kind.
/// - Throws: `EINVAL` where it refers to a namespace of another kind or to no namespace, `EBADF` where it is not open,
///   `EPERM` without `CAP_SYS_ADMIN` there and here.
public func setNamespace(_ descriptor: FileDescriptor, _ kinds: NamespaceKind = []) throws(SystemError) {
  _ = try systemCall("setns") { setns(descriptor.rawValue, kinds.rawValue) }
}

/// The number of the `setns` system call on this architecture: 308 on x86-64, 268 on arm64.
public var setNamespaceSystemCallNumber: Int { SWIFTCNI_SYS_SETNS }

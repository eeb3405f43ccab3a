internal import CLinux
public import SystemPackage

/// A handle on a network namespace: a descriptor of the namespace's file, which keeps the namespace alive.
///
/// It cannot be copied and closes itself, so no stale number can ever stand for a stranger's namespace. It says *which*
/// namespace; ``run(_:)`` takes the calling thread there and brings it home.
///
/// A namespace belongs to a thread, neither to a process nor to a task; `docs/network-namespaces.md` says what follows
/// from that. The names for those who know Go's `vishvananda/netns`:
///
/// | Go | Swift |
/// |---|---|
/// | `NsHandle` | `NetworkNamespace` |
/// | `Get()` | `NetworkNamespace.current()` |
/// | `GetFromPid(pid)` | `.ofProcess(_:)` |
/// | `GetFromThread(pid, tid)` | `.ofThread(_:inProcess:)` |
/// | `GetFromPath(path)` | `init(path:)` |
/// | `GetFromName(name)` | `.named(_:)` |
/// | `GetFromDocker(id)` | `.ofContainer(idPrefix:)` |
/// | `New()` | `.new()` |
/// | `NewNamed(name)` | `.new(named:)` |
/// | `DeleteNamed(name)` | `.delete(named:)` |
/// | `Set(ns)` | `enter()` |
/// | `Setns(ns, nstype)` | `setNamespace(_:_:)` |
/// | `CLONE_NEWNET`, `CLONE_NEWNS`, … | `NamespaceKind.network`, `.mount`, … |
/// | `SYS_SETNS` | `setNamespaceSystemCallNumber` |
/// | `None()` | `.none` |
/// | `ns.IsOpen()` | `isOpen` |
/// | `ns.Close()` | `close()` |
/// | `ns.Equal(other)` | `isSame(as:)`, `identity` |
/// | `ns.UniqueId()` | `uniqueID` |
/// | `ns.String()` | `description` |
/// | `int(ns)` | `descriptor`, `fileDescriptor` |
/// | – (`ns.Do` of the CNI plugins) | `run(_:)`, `runOnThread(_:)` |
public struct NetworkNamespace: ~Copyable, Sendable {
  /// The number of the file descriptor, for calls that want a plain integer; -1 where there is no namespace.
  public private(set) var descriptor: CInt

  /// Takes over a descriptor that is known to refer to a network namespace and that nobody else will close.
  package init(owning descriptor: CInt) { self.descriptor = descriptor }

  deinit {
    if descriptor >= 0 { _ = CLinux.close(descriptor) }
  }

  /// The handle on no namespace: not open, the same only as another such handle.
  public static var none: NetworkNamespace { NetworkNamespace(owning: -1) }

  /// Whether the handle stands for a namespace: it is not ``none`` and was not closed.
  public var isOpen: Bool { descriptor >= 0 }

  /// The file descriptor, to be used only while the handle lives.
  public var fileDescriptor: FileDescriptor { FileDescriptor(rawValue: descriptor) }

  /// Gives the namespace up before the handle's life ends. The handle is ``none`` from then on; to close it again does
  /// nothing.
  public mutating func close() {
    guard descriptor >= 0 else { return }
    // Linux frees the number whatever close(2) answers: to try again could close somebody else's file.
    _ = CLinux.close(descriptor)
    descriptor = -1
  }
}

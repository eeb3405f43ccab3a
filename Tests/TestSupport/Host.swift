internal import CLinux
internal import LinuxSystem

/// A machine of its own for one test: a network namespace and a mount namespace in which `/run` and `/var/lib` are empty
/// and `/sys` shows this network.
///
/// No process holds it: it consists of two descriptors, and the kernel removes all of it with the last of them, however
/// the test ends. What runs in it shares the file system of the real machine otherwise.
package final class Host: Sendable {
  private let network: CInt
  private let mounts: CInt

  /// Makes a host with forwarding off and `lo` up.
  package init() throws {
    (network, mounts) = try onThreadOfItsOwn {
      _ = try systemCall("unshare") { unshare(CLONE_FS | CLONE_NEWNS | CLONE_NEWNET) }
      _ = try systemCall("mount", on: "/") { mount(nil, "/", nil, UInt(MS_REC | MS_PRIVATE), nil) }
      for directory in Host.privateDirectories {
        _ = try systemCall("mount", on: directory) { mount("tmpfs", directory, "tmpfs", 0, "mode=755") }
      }
      _ = try systemCall("mount", on: "/sys") { mount("sysfs", "/sys", "sysfs", 0, nil) }
      try makeDirectories("/run/netns", mode: 0o755)
      // A new namespace has forwarding on where the machine's first one has.
      try KernelSetting("net/ipv4/ip_forward").write("0")
      let loopback = try Program("/usr/sbin/ip", ["link", "set", "lo", "up"]).run()
      guard loopback.status == 0 else { throw HarnessError("cannot set lo up: \(loopback)") }
      let network = try OwnedDescriptor(opening: "/proc/thread-self/ns/net", O_RDONLY)
      let mounts = try OwnedDescriptor(opening: "/proc/thread-self/ns/mnt", O_RDONLY)
      return (network.take(), mounts.take())
    }
  }

  deinit {
    _ = close(network)
    _ = close(mounts)
  }

  /// The directories that are empty in a new host.
  package static let privateDirectories = ["/run", "/var/lib"]

  /// Runs a body on a thread that is in this host.
  package func run<Value>(_ body: () throws -> Value) throws -> Value {
    try onThreadOfItsOwn {
      // A thread that shares its working directory with others may not change its mount namespace.
      _ = try systemCall("unshare") { unshare(CLONE_FS) }
      _ = try systemCall("setns") { setns(mounts, CLONE_NEWNS) }
      _ = try systemCall("setns") { setns(network, CLONE_NEWNET) }
      return try body()
    }
  }

  /// Runs a program in this host.
  package func run(_ program: Program) throws -> Program.Outcome {
    try run { try program.run() }
  }

  /// Makes a container: a network namespace with a name below `/run/netns`, as `ip netns add` makes it.
  @discardableResult
  package func makeContainer(_ name: String) throws -> Container {
    let container = Container(host: self, name: name)
    try run {
      let file = try OwnedDescriptor(opening: container.path, O_RDONLY | O_CREAT | O_EXCL, mode: 0o444)
      _ = try systemCall("unshare") { unshare(CLONE_NEWNET) }
      _ = try systemCall("mount", on: container.path) {
        mount("/proc/thread-self/ns/net", container.path, "none", UInt(MS_BIND), nil)
      }
      _ = consume file
    }
    return container
  }
}

/// A container of a host: its network namespace.
package struct Container: Sendable {
  private let host: Host

  /// The name below `/run/netns`.
  package let name: String

  fileprivate init(host: Host, name: String) {
    self.host = host
    self.name = name
  }

  /// What a runtime gives as `CNI_NETNS`; it leads there inside the host only.
  package var path: String { "/run/netns/\(name)" }

  /// Whether the name still leads to a namespace.
  package func exists() throws -> Bool {
    try host.run { (try? readFile("\(path)")) == nil && access(path, F_OK) == 0 }
  }

  /// Runs a body on a thread that is in the container's network and otherwise in its host.
  package func run<Value>(_ body: () throws -> Value) throws -> Value {
    try host.run {
      let namespace = try OwnedDescriptor(opening: path, O_RDONLY)
      _ = try systemCall("setns", on: path) { setns(namespace.rawValue, CLONE_NEWNET) }
      return try body()
    }
  }

  /// Runs a program in the container's network.
  package func run(_ program: Program) throws -> Program.Outcome {
    try run { try program.run() }
  }

  /// Removes the name, and with it the namespace where nothing else holds it.
  package func delete() throws {
    try host.run {
      _ = try systemCall("umount2", on: path) { umount2(path, CInt(MNT_DETACH)) }
      _ = try systemCall("unlink", on: path) { unlink(path) }
    }
  }
}

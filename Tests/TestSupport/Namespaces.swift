internal import CLinux
internal import LinuxSystem
public import NetworkNamespaces
public import Testing

/// A network namespace for one test. It is gone when the last reference to it is.
public final class TestNamespace: Sendable {
  /// The handle that keeps it alive.
  public let namespace: NetworkNamespace

  /// Creates the namespace; its only interface is the loopback interface, which is down.
  public init(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try Privileges.require(.systemAdministration, sourceLocation: sourceLocation)
    namespace = try NetworkNamespace.new()
  }

  /// Where other processes find the namespace while this object lives: `/proc/<pid>/fd/<n>`.
  public var path: String { "/proc/\(getpid())/fd/\(namespace.descriptor)" }
}

/// A named network namespace for one test, as `ip netns` knows it. Its name is unique; it is removed with the last
/// reference to it.
public final class NamedTestNamespace: Sendable {
  /// Its name for `ip netns exec` and ``NetworkNamespaces/NetworkNamespace/named(_:)``.
  public let name: String

  /// A handle on it.
  public let namespace: NetworkNamespace

  /// Creates the namespace.
  public init(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try Privileges.require(.systemAdministration, sourceLocation: sourceLocation)
    name = uniqueTestName()
    namespace = try NetworkNamespace.new(named: name)
  }

  deinit { try? NetworkNamespace.delete(named: name) }

  /// Where other processes find it.
  public var path: String { "/run/netns/\(name)" }
}

/// A name that no other test, and no other run of the tests, uses: `swiftcni-` and 16 hexadecimal digits.
public func uniqueTestName() -> String {
  "swiftcni-" + String(randomNumber(), radix: 16)
}

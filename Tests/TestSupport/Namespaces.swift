internal import CLinux
internal import LinuxSystem
package import NetworkNamespaces
package import Testing

/// A network namespace for one test. It is gone when the last reference to it is.
package final class TestNamespace: Sendable {
  /// The handle that keeps it alive.
  package let namespace: NetworkNamespace

  /// Creates the namespace; its only interface is the loopback interface, which is down.
  package init(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try Privileges.require(.systemAdministration, sourceLocation: sourceLocation)
    namespace = try NetworkNamespace.new()
  }

  /// Where other processes find the namespace while this object lives: `/proc/<pid>/fd/<n>`.
  package var path: String { "/proc/\(getpid())/fd/\(namespace.descriptor)" }
}

/// A named network namespace for one test, as `ip netns` knows it. Its name is unique; it is removed with the last
/// reference to it.
package final class NamedTestNamespace: Sendable {
  /// Its name for `ip netns exec` and ``NetworkNamespaces/NetworkNamespace/named(_:)``.
  package let name: String

  /// A handle on it.
  package let namespace: NetworkNamespace

  /// Creates the namespace.
  package init(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try Privileges.require(.systemAdministration, sourceLocation: sourceLocation)
    name = uniqueTestName()
    namespace = try NetworkNamespace.new(named: name)
  }

  deinit { try? NetworkNamespace.delete(named: name) }

  /// Where other processes find it.
  package var path: String { "/run/netns/\(name)" }
}

/// A name that no other test, and no other run of the tests, uses: `swiftcni-` and 16 hexadecimal digits.
package func uniqueTestName() -> String {
  "swiftcni-" + String(randomNumber(), radix: 16)
}

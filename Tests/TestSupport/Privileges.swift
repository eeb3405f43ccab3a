internal import CLinux
internal import LinuxSystem
package import Testing

/// What the process that runs the tests may do. A test that may not do what it needs is skipped, with the reason.
package enum Privileges {
  /// A capability of the kernel. See `capabilities(7)`.
  package struct Capability: Sendable {
    /// The bit in the process's set.
    let bit: UInt64

    /// What a person calls it.
    let name: String

    /// Interfaces, addresses, routes. The C constant is `CAP_NET_ADMIN`.
    package static let networkAdministration = Capability(bit: 12, name: "CAP_NET_ADMIN")

    /// Namespaces and mounts. The C constant is `CAP_SYS_ADMIN`.
    package static let systemAdministration = Capability(bit: 21, name: "CAP_SYS_ADMIN")
  }

  /// Skips the test that runs now unless the process has a capability.
  package static func require(_ capability: Capability, sourceLocation: SourceLocation = #_sourceLocation) throws {
    if try effectiveCapabilities() & (1 << capability.bit) == 0 {
      try skip("needs \(capability.name): run the tests as root", sourceLocation: sourceLocation)
    }
  }

  /// Skips the test that runs now unless the process is root.
  package static func requireRoot(sourceLocation: SourceLocation = #_sourceLocation) throws {
    if geteuid() != 0 { try skip("needs root", sourceLocation: sourceLocation) }
  }

  /// The line `CapEff:` of `/proc/thread-self/status`, a hexadecimal number.
  private static func effectiveCapabilities() throws -> UInt64 {
    let status = String(decoding: try readFile("/proc/thread-self/status"), as: UTF8.self)
    let label = "CapEff:\t"
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(label) })
    return try #require(UInt64(line.dropFirst(label.count), radix: 16))
  }
}

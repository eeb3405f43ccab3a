import NetworkAddresses
import TestSupport
import Testing

/// A machine of its own with iptables, in which the reference and ours work side by side.
struct IPTablesHost: Sendable {
  let host: Host

  /// The two commands that are called `iptables`.
  enum Variant: CaseIterable {
    /// What stands on top of nf_tables, as on all newer machines.
    case nft
    /// The older one, with tables of its own.
    case legacy
  }

  init(_ variant: Variant = .nft) throws {
    try Privileges.require(.systemAdministration)
    host = try Host()
    if variant == .legacy {
      // Both are one program that looks at its name. The mount is seen in this host only.
      let mount = Program("/bin/mount", ["--bind", "/usr/sbin/xtables-legacy-multi", "/usr/sbin/xtables-nft-multi"])
      let outcome = try host.run(mount)
      if outcome.status != 0 { try skip("there is no iptables-legacy: \(outcome)") }
    }
    let attempt = try host.run(Program("/bin/sh", ["-c", "iptables -V && iptables -t nat -S && ip6tables -t nat -S"]))
    if attempt.status != 0 || attempt.text.contains("legacy") != (variant == .legacy) {
      try skip("iptables does not work on this machine: \(attempt)")
    }
  }

  /// The rules of both families, as iptables lists them, and what of them contains a text.
  func rules(_ table: String = "nat", containing text: String = "") throws -> [String] {
    var lines: [String] = []
    for command in ["iptables", "ip6tables"] {
      let outcome = try host.run(Program("/usr/sbin/\(command)", ["-t", table, "-S"]))
      #expect(outcome.status == 0, "\(outcome)")
      lines += outcome.text.split(separator: "\n").map { "\(command == "iptables" ? "v4" : "v6") \($0)" }
    }
    return lines.filter { $0.contains(text) }
  }

  /// Runs a shell script in the host.
  @discardableResult
  func shell(_ script: String) throws -> String {
    let outcome = try host.run(Program("/bin/bash", ["-euc", script]))
    #expect(outcome.status == 0, "\(script): \(outcome)")
    return outcome.text
  }

  /// Calls a plugin of the reference, and expects that it succeeds.
  @discardableResult
  func reference(
    _ command: String, _ plugin: String, _ configuration: String, container: String = "cid1",
    interface: String = "eth0"
  ) throws -> String {
    let call = PluginCall(
      command, plugin, configuration.utf8,
      environment: ["CNI_CONTAINERID": container, "CNI_IFNAME": interface, "CNI_NETNS": "/run/netns/\(container)"],
      in: Peers.referencePlugins)
    let outcome = try call.run(in: host)
    #expect(outcome.status == 0, "\(command) \(plugin): \(outcome)")
    return outcome.text
  }
}

/// Addresses, given as texts.
func addresses(_ texts: String...) throws -> [CIDR] {
  try texts.map { try #require(CIDR($0)) }
}

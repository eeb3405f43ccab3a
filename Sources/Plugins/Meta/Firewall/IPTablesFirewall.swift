internal import CNI
internal import NetworkAddresses

/// The firewall with iptables: the objects of `backend: iptables`, as the reference makes them in the table `filter`.
///
/// FORWARD jumps to CNI-FORWARD, which jumps to the administrator's chain first and then accepts, address by address, what
/// a container sends and the answers to it. The rules do not say whose they are.
struct IPTablesFirewall {
  private static let table = "filter"
  private static let chain = ForwardChain.name

  /// The chain in which the administrator overrides what the plugin accepts.
  let adminChain: String

  /// Accepts what the addresses send, and the answers. What is there already stays as it is.
  func add(_ addresses: [IPAddress]) throws(PluginError) {
    for family in AddressFamily.allCases where addresses.contains(where: { $0.family == family }) {
      let command = try IPTables.require(family)
      try command.whileLocked { () throws(PluginError) in
        let listing = try command.listing(of: Self.table)
        var script = IPTablesScript(table: Self.table)
        for chain in [Self.chain, adminChain] where !listing.hasChain(chain) { script.create(chain: chain) }
        // Each is put before all others.
        for rule in try command.missing(jumps, in: Self.table, listing) { script.insert(rule) }
        for rule in try command.missing(rules(for: addresses, family), in: Self.table, listing) { script.append(rule) }
        try command.run(script)
      }
    }
  }

  /// Takes back what ``add(_:)`` made for the addresses, or the reference. The shared chains stay. What is not there is
  /// fine, and so is a machine without iptables.
  func delete(_ addresses: [IPAddress]) throws(PluginError) {
    let families = AddressFamily.allCases.filter { family in addresses.contains { $0.family == family } }
    try IPTables.takeBack(families, from: Self.table) { listing in
      var script = IPTablesScript(table: Self.table)
      for rule in listing.rules where isRule(rule, for: addresses) { script.delete(rule) }
      return script
    }
  }

  /// Verifies that the rules of the addresses are there, and the way to them.
  func check(_ addresses: [IPAddress]) throws(PluginError) {
    for family in AddressFamily.allCases where addresses.contains(where: { $0.family == family }) {
      try IPTables.require(family).check(jumps + rules(for: addresses, family), in: Self.table)
    }
  }

  /// The way from FORWARD to the rules, and past the administrator's chain.
  private var jumps: [IPTablesRule] {
    [
      IPTablesRule("FORWARD", ["-m", "comment", "--comment", "CNI firewall plugin rules", "-j", Self.chain]),
      IPTablesRule(
        Self.chain, ["-m", "comment", "--comment", "CNI firewall plugin admin overrides", "-j", adminChain]),
    ]
  }

  private func rules(for addresses: [IPAddress], _ family: AddressFamily) -> [IPTablesRule] {
    var rules: [IPTablesRule] = []
    for address in addresses where address.family == family {
      let host = CIDR(host: address).description
      rules.append(
        IPTablesRule(
          Self.chain, ["-d", host, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"]))
      rules.append(IPTablesRule(Self.chain, ["-s", host, "-j", "ACCEPT"]))
    }
    return rules
  }

  /// Whether a rule is one of those for an address, however often it is there.
  private func isRule(_ rule: IPTablesListing.Rule, for addresses: [IPAddress]) -> Bool {
    guard rule.chain == Self.chain, rule.jumps(to: "ACCEPT") else { return false }
    for address in addresses {
      let host = CIDR(host: address).description
      if rule.text == "-s \(host) -j ACCEPT" { return true }
      if rule.text.hasPrefix("-d \(host) -m conntrack --ctstate RELATED,ESTABLISHED ") { return true }
    }
    return false
  }
}

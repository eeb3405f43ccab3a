internal import CNI
internal import LinuxSystem
internal import NetworkAddresses

/// Masquerading of what a container sends, with iptables: the objects of `ipMasqBackend: iptables`, as the reference makes
/// them in the table `nat`.
///
/// Each address has a jump in POSTROUTING to the container's chain, which accepts what goes to the address's own network
/// and masquerades the rest, but for multicast. Two interfaces of one container in one network share the chain: what is
/// taken back is what belongs to the addresses of one of them, and the chain goes with the last jump to it.
struct IPTablesMasquerade {
  private static let table = "nat"

  let attachment: Attachment

  /// The container's addresses, with the prefix lengths of their networks.
  let addresses: [CIDR]

  /// The container's chain.
  private var chain: String {
    ReferenceNames.masquerade(network: attachment.network, containerID: attachment.containerID)
  }

  /// Masquerades what comes from the addresses. What is there already stays as it is.
  func add() throws(PluginError) {
    for family in AddressFamily.allCases where addresses.contains(where: { $0.address.family == family }) {
      let command = try IPTables.require(family)
      try command.whileLocked { () throws(PluginError) in
        let listing = try command.listing(of: Self.table)
        let rules = rules(family)
        var script = IPTablesScript(table: Self.table)
        if !listing.hasChain(chain) { script.create(chain: chain) }
        // Those that accept go before the one that masquerades, which the chain has of an earlier address already.
        for rule in try command.missing(rules.accepting, in: Self.table, listing) { script.insert(rule) }
        for rule in try command.missing(rules.others, in: Self.table, listing) { script.append(rule) }
        try command.run(script)
      }
    }
  }

  /// Takes back what ``add()`` made, or the reference. What is not there is fine, and so is a machine without iptables.
  ///
  /// Where nobody knows the addresses any more there are none, and everything of the container in the network goes.
  func remove() throws(PluginError) {
    try IPTables.takeBack(from: Self.table) { removal($0) }
  }

  /// What has to be deleted of what is there.
  private func removal(_ listing: IPTablesListing) -> IPTablesScript {
    var script = IPTablesScript(table: Self.table)
    var remaining: [CIDR] = []
    for rule in listing.rules where rule.jumps(to: chain) {
      // Releases before 1.0 had the whole network of the address here.
      let source = rule.network("-s")
      let isOurs = addresses.isEmpty || source == nil || addresses.contains { source?.contains($0.address) == true }
      if isOurs { script.delete(rule) } else if let source { remaining.append(source) }
    }
    if remaining.isEmpty {
      if listing.hasChain(chain) { script.delete(chain: chain) }
      return script
    }
    for rule in listing.rules where rule.chain == chain && rule.jumps(to: "ACCEPT") {
      guard let network = rule.network("-d"), addresses.contains(where: { $0.network == network }) else { continue }
      if !remaining.contains(where: { network.contains($0.address) }) { script.delete(rule) }
    }
    return script
  }

  /// Verifies that all rules for the addresses are there.
  func check() throws(PluginError) {
    for family in AddressFamily.allCases where addresses.contains(where: { $0.address.family == family }) {
      let rules = rules(family)
      try IPTables.require(family).check(rules.accepting + rules.others, in: Self.table)
    }
  }

  private func rules(_ family: AddressFamily) -> (accepting: [IPTablesRule], others: [IPTablesRule]) {
    let text = "name: \(quoted(attachment.network)) id: \(quoted(attachment.containerID))"
    let comment = ["-m", "comment", "--comment", text]
    let multicast = CIDR.multicast(family).description
    var accepting: [IPTablesRule] = []
    var others = [IPTablesRule(chain, ["!", "-d", multicast, "-j", "MASQUERADE"] + comment)]
    for address in addresses where address.address.family == family {
      let rule = IPTablesRule(chain, ["-d", "\(address.network)", "-j", "ACCEPT"] + comment)
      if !accepting.contains(rule) { accepting.append(rule) }
      others.append(IPTablesRule("POSTROUTING", ["-s", "\(address.address)", "-j", chain] + comment))
    }
    return (accepting, others)
  }
}

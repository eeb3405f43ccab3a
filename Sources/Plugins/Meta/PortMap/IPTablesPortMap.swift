internal import CNI
internal import LinuxSystem
internal import NetworkAddresses

/// Published ports with iptables: the objects of `backend: iptables`, as the reference makes them in the table `nat`.
///
/// What is sent to an address of the host goes through CNI-HOSTPORT-DNAT, which has a rule for each attachment and up to 15
/// of its ports. It leads to the attachment's own chain, which marks what has to be masqueraded and gives the packet its
/// new destination. Two interfaces of one container in one network share that chain.
struct IPTablesPortMap {
  static let table = "nat"

  /// The chain that leads to those of the attachments.
  static let dispatcher = "CNI-HOSTPORT-DNAT"

  let attachment: Attachment

  /// The container's address of each family in which ports are published, with the prefix length of its network.
  let addresses: [CIDR]

  /// The attachment's own chain.
  var chain: String {
    ReferenceNames.portMapping(network: attachment.network, containerID: attachment.containerID)
  }

  /// Publishes the ports. What is there already stays as it is.
  ///
  /// - Throws: What names the holder where a port is another container's.
  func add(_ configuration: PortMapConfiguration) throws(PluginError) {
    for address in addresses {
      let command = try IPTables.require(address.address.family)
      try command.whileLocked { () throws(PluginError) in
        let rules = IPTablesPortMapRules(configuration, for: address, chain: chain, comment: comment)
        let listing = try command.listing(of: Self.table)
        try rules.refuseClaimedPorts(listing)
        var script = IPTablesScript(table: Self.table)
        for name in rules.chains where !listing.hasChain(name) { script.create(chain: name) }
        for rule in try command.missing(rules.first, in: Self.table, listing) { script.insert(rule) }
        for rule in try command.missing(rules.others, in: Self.table, listing) { script.append(rule) }
        try command.run(script)
      }
    }
  }

  /// Takes back what ``add(_:)`` made, or the reference. The shared chains stay. What is not there is fine, and so is a
  /// machine without iptables.
  ///
  /// Where nobody knows the addresses any more there are none, and everything of the container in the network goes.
  func remove() throws(PluginError) {
    try IPTables.takeBack(from: Self.table) { removal($0) }
  }

  /// What has to be deleted of what is there.
  private func removal(_ listing: IPTablesListing) -> IPTablesScript {
    var script = IPTablesScript(table: Self.table)
    var isShared = false
    for rule in listing.rules where rule.chain == chain {
      guard let destination = rule.value(of: "--to-destination") else { continue }
      let isOurs = addresses.isEmpty || addresses.contains { destination.hasPrefix($0.address.textBeforePort + ":") }
      if isOurs { script.delete(rule) } else { isShared = true }
    }
    // What leads to the ports of the other interface may lead to ours, too; there it finds nothing any more.
    if isShared { return script }

    script = IPTablesScript(table: Self.table)
    for name in [
      chain,
      ReferenceNames.portMappingMasquerade(network: attachment.network, containerID: attachment.containerID),
    ] {
      for rule in listing.rules where rule.jumps(to: name) { script.delete(rule) }
      if listing.hasChain(name) { script.delete(chain: name) }
    }
    return script
  }

  /// Verifies that all rules for the ports are there, and the way to them.
  func check(_ configuration: PortMapConfiguration) throws(PluginError) {
    for address in addresses {
      let rules = IPTablesPortMapRules(configuration, for: address, chain: chain, comment: comment)
      try IPTables.require(address.address.family).check(rules.first + rules.others, in: Self.table)
    }
  }

  /// What tells people, and programs that look for used ports, whose the ports are: at most 255 bytes fit in a rule.
  private var comment: String {
    let text = "dnat name: \(quoted(attachment.network)) id: \(quoted(attachment.containerID))"
    // Names are ASCII.
    return text.utf8.count > 255 ? text.prefix(253) + "..." : text
  }
}

extension IPAddress {
  /// The address as it is written before a colon and a port.
  var textBeforePort: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): "[\(address)]"
    }
  }
}

internal import CNI
internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// The rules by which the reference publishes ports of a container, with either of its backends.
struct ReferencePortMap {
  let attachment: Attachment

  /// The container's addresses, which tell its attachments apart: the rules that nft made say which container's they are,
  /// but not of which network, and with iptables two interfaces in one network share a chain. Where nobody knows the
  /// addresses any more, all that is the container's goes.
  let addresses: [IPAddress]

  /// The chains with rules of containers, in the layouts of all releases.
  private static let chains = ["hostports", "hostip_hostports", "masquerading"]

  /// Whether the reference publishes ports for each of the addresses.
  func isPresent() throws(PluginError) -> Bool {
    guard !addresses.isEmpty, let rules = try ReferenceRules() else { return false }
    let dispatched = ReferenceNames.portMapping(network: attachment.network, containerID: attachment.containerID)
    for address in addresses {
      let table = TableReference(address.family, name: "cni_hostport")
      let isPublished = { (rule: Rule) in rule.changesDestination && rule.mentions(address) }
      var isPresent = try rules.contains(
        in: ChainReference(ReferenceRules.natTable(address.family), dispatched), isPublished)
      for chain in Self.chains where !isPresent {
        isPresent = try rules.contains(in: ChainReference(table, chain)) { rule in
          rule.comment == attachment.containerID && isPublished(rule)
        }
      }
      if !isPresent { return false }
    }
    return true
  }

  /// Removes the rules, as far as there are any.
  func remove() throws(PluginError) {
    guard let rules = try ReferenceRules() else { return }
    var failures = FailureList()
    for family in AddressFamily.allCases {
      let table = TableReference(family, name: "cni_hostport")
      for chain in try rules.has(table) ? Self.chains : [] {
        failures.collect { () throws(PluginError) in
          try rules.remove(from: ChainReference(table, chain)) { rule in
            rule.comment == attachment.containerID && isOurs(rule)
          }
        }
      }
      for chain in [
        ReferenceNames.portMapping(network: attachment.network, containerID: attachment.containerID),
        ReferenceNames.portMappingMasquerade(network: attachment.network, containerID: attachment.containerID),
      ] {
        failures.collect { () throws(PluginError) in
          try removeChain(chain, of: ReferenceRules.natTable(family), rules)
        }
      }
    }
    try failures.throwIfAny()
  }

  /// Removes a chain of iptables and what leads to it; of one that another interface shares, only our destinations.
  private func removeChain(_ name: String, of table: TableReference, _ rules: borrowing ReferenceRules)
    throws(PluginError)
  {
    let chain = ChainReference(table, name)
    guard try rules.has(chain) else { return }
    try rules.remove { (batch, socket) throws(NetlinkError) in
      let destinations = try socket.rules(of: chain).filter(\.changesDestination)
      if destinations.contains(where: { !isOurs($0) }) {
        for rule in destinations where isOurs(rule) { batch.delete(rule, from: chain) }
        return
      }
      for dispatcher in [IPTablesPortMap.dispatcher, "CNI-HOSTPORT-SNAT"] {
        let dispatcher = ChainReference(table, dispatcher)
        for rule in try socket.rules(of: dispatcher) where rule.target == name {
          batch.delete(rule, from: dispatcher)
        }
      }
      batch.delete(chain)
    }
  }

  private func isOurs(_ rule: Rule) -> Bool {
    addresses.isEmpty || addresses.contains { rule.mentions($0) }
  }
}

extension Rule {
  /// Whether it sends packets somewhere else. iptables has a target of its own for that.
  fileprivate var changesDestination: Bool {
    for expression in expressions {
      switch expression {
      case .nat: return true
      case .target(let target) where target.name == "DNAT": return true
      default: break
      }
    }
    return false
  }
}

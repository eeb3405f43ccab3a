internal import CNI
internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// The rules by which the reference masquerades what a container sends (`ipMasq`), with either of its backends.
struct ReferenceMasquerade {
  let attachment: Attachment

  /// The addresses of the attachment. With iptables two interfaces of one container in one network share a chain, in which
  /// they are told apart by them. Where nobody knows the addresses any more, all of the container in the network goes.
  let addresses: [CIDR]

  /// The chain of all rules that nft made.
  private static let checks = ChainReference(
    TableReference(family: .inet, name: "cni_plugins_masquerade"), "masq_checks")

  /// Removes the rules, as far as there are any.
  func remove() throws(PluginError) {
    guard let rules = try ReferenceRules() else { return }
    let instance = ReferenceNames.masqueradeInstance(
      network: attachment.network, interfaceName: attachment.interfaceName, containerID: attachment.containerID)
    try rules.remove(from: Self.checks) { $0.comment?.hasPrefix(instance) == true }

    for family in AddressFamily.allCases {
      let table = ReferenceRules.natTable(family)
      let chain = ChainReference(
        table, ReferenceNames.masquerade(network: attachment.network, containerID: attachment.containerID))
      if try rules.has(chain) {
        try rules.remove { (batch, socket) throws(NetlinkError) in
          try remove(chain, jumpedToFrom: ChainReference(table, "POSTROUTING"), in: &batch, socket)
        }
      }
    }
  }

  /// Removes the jumps for the addresses and, with the last jump, the chain of a container.
  private func remove(
    _ chain: ChainReference, jumpedToFrom hook: ChainReference, in batch: inout Batch,
    _ socket: borrowing NFTablesSocket
  ) throws(NetlinkError) {
    var isShared = false
    for rule in try socket.rules(of: hook) where rule.target == chain.name {
      if addresses.isEmpty || addresses.contains(where: { rule.mentions($0.address) }) {
        batch.delete(rule, from: hook)
      } else {
        isShared = true
      }
    }
    if !isShared { batch.delete(chain) }
  }
}

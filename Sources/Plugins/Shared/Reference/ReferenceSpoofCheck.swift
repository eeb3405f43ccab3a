internal import CNI
internal import NFTables
internal import Netlink

/// The rules by which the reference drops frames that come from another hardware address than the container's
/// (`macspoofchk`).
struct ReferenceSpoofCheck {
  let attachment: Attachment

  private static let table = TableReference(family: .bridge, name: "nat")

  /// The chain from which there is a jump for each attachment.
  private static let hook = ChainReference(table, "PREROUTING")

  /// Removes the rules, as far as there are any.
  func remove() throws(PluginError) {
    guard let rules = try ReferenceRules() else { return }
    let name = "cni-br-iface-\(attachment.containerID)-\(attachment.interfaceName)"
    let chain = ChainReference(Self.table, name)
    let addresses = ChainReference(Self.table, name + "-mac")
    // In the order in which they jump to one another: to what is jumped to, the kernel holds on.
    if try rules.has(chain) {
      try rules.remove { (batch, socket) throws(NetlinkError) in
        for rule in try socket.rules(of: Self.hook) where rule.target == name { batch.delete(rule, from: Self.hook) }
        batch.delete(chain)
      }
    }
    if try rules.has(addresses) {
      try rules.remove { (batch, _) throws(NetlinkError) in batch.delete(addresses) }
    }
  }
}

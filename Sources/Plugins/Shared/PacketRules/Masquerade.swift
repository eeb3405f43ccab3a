internal import CNI
internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// Lets a container's packets leave the host with the host's address (`ipMasq`), unless they go to its own subnet or to
/// a multicast group.
struct Masquerade {
  let attachment: Attachment

  /// The container's.
  let addresses: [CIDR]

  func add() throws(PluginError) {
    try PacketRules.ofHost().put(entries, upon: lay)
  }

  func remove() throws(PluginError) {
    try PacketRules.ofHostIfAny()?.remove(
      entries.map { ($0.set, $0.element.key) }, of: attachmentComment(of: attachment))
  }

  func check() throws(PluginError) {
    try PacketRules.ofHost().check("masquerade", of: attachment, Self.layout, entries) {
      (socket) throws(NetlinkError) in try Self.subnets.firstFault(addresses, socket)
    }
  }

  /// Two elements for each address: that it is masqueraded, and what it is at home in.
  private var entries: [PacketRules.Entry] {
    let comment = attachmentComment(of: attachment)
    var entries: [PacketRules.Entry] = []
    for address in addresses {
      entries.append(
        .init(
          set: Self.addresses(address.address.family),
          element: SetElement(ElementKey(.address(address.address)), comment: comment)))
      entries.append(
        .init(
          set: Self.subnets.set(for: address), element: SetElement(Self.subnets.key(for: address), comment: comment)))
    }
    return entries
  }

  private func lay(_ batch: inout Batch, _ socket: borrowing NFTablesSocket) throws(NetlinkError) {
    Self.layout.lay(in: &batch)
    try Self.subnets.lay(for: addresses, in: &batch, socket)
  }
}

// MARK: - What stands in the table

extension Masquerade {
  /// The addresses that are masqueraded.
  private static func addresses(_ family: AddressFamily) -> SetReference {
    SetReference(PacketRules.table, "masqueraded\(family.digit)")
  }

  /// What is at home in the same subnet: nothing that the host's address is needed for.
  private static let subnets = SubnetSets(name: "own-subnet", chain: "own-subnets") { family, prefixLength, set in
    Rule(
      .family(family),
      .match(
        .sourceAddress(family), .destinationAddress(family).network(prefixLength: prefixLength), in: set.name),
      .accept)
  }

  private static var layout: RuleLayout {
    var layout = RuleLayout(table: PacketRules.table)
    layout.addBaseChain("masquerading", .init(.nat, .postrouting, priority: ChainPriority.sourceNAT)) { chain in
      for family in AddressFamily.allCases {
        chain.rules.append(
          Rule(
            .family(family), .match(.sourceAddress(family), in: addresses(family).name),
            .goTo("masquerading\(family.digit)")))
      }
    }
    for family in AddressFamily.allCases {
      layout.sets.append(
        SetDefinition(
          addresses(family), key: [family.dataType], comment: "containers that leave with the host's address"))
      layout.openChains.append(subnets.chain(for: family))
      layout.addChain("masquerading\(family.digit)") { chain in
        chain.rules.append(
          Rule(.family(family), .match(.destinationAddress(family), in: .multicast(family)), .accept))
        chain.rules.append(Rule(.jump(subnets.chain(for: family).name)))
        chain.rules.append(Rule(.masquerade()))
      }
    }
    return layout
  }
}

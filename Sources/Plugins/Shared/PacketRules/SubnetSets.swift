internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// Says of an address whether it is in the same subnet as a container.
///
/// For each length of prefix that is in use there is a hash set of containers' addresses, each with the address of its
/// network, and a rule that looks both ends of a packet up in it, the far one with the mask applied. That is exact, also
/// where networks overlap, and costs the same for any number of containers.
struct SubnetSets {
  /// What the sets are called; family and length follow: `own-subnet4-24`.
  let name: String

  /// The chain that has the rules, per family: `own-subnets4`.
  let chain: String

  /// Makes the rule for one length.
  let rule: @Sendable (_ family: AddressFamily, _ prefixLength: Int, _ set: SetReference) -> Rule

  /// The chain for a family.
  func chain(for family: AddressFamily) -> ChainReference {
    ChainReference(PacketRules.table, "\(chain)\(family.digit)")
  }

  /// The set for the subnet of an address.
  func set(for address: CIDR) -> SetReference {
    SetReference(PacketRules.table, "\(name)\(address.address.family.digit)-\(address.prefixLength)")
  }

  /// The key of a container's address.
  func key(for address: CIDR) -> ElementKey {
    ElementKey(.address(address.address), .address(address.firstAddress))
  }

  /// Adds to a batch what addresses need: the set and the rule of each length that is not in use yet.
  func lay(for addresses: [CIDR], in batch: inout Batch, _ socket: borrowing NFTablesSocket) throws(NetlinkError) {
    var done: [SetReference] = []
    for address in addresses {
      let family = address.address.family
      let set = set(for: address)
      if done.contains(set) { continue }
      done.append(set)
      let chain = chain(for: family)
      batch.add(Chain(chain))
      batch.add(
        SetDefinition(
          set, key: [family.dataType, family.dataType],
          comment: "container . its network, where that has /\(address.prefixLength)"))
      if try !hasRule(for: address, socket) { batch.append(rule(family, address.prefixLength, set), to: chain) }
    }
  }

  private func hasRule(for address: CIDR, _ socket: borrowing NFTablesSocket) throws(NetlinkError) -> Bool {
    let set = set(for: address).name
    return try socket.rules(of: chain(for: address.address.family)).contains { $0.looksUp(set) }
  }

  /// Which rule is missing that addresses need, in words; nil for none.
  func firstFault(_ addresses: [CIDR], _ socket: borrowing NFTablesSocket) throws(NetlinkError) -> String? {
    for address in addresses where try !hasRule(for: address, socket) {
      return "no rule of \(chain(for: address.address.family)) looks into \(set(for: address))"
    }
    return nil
  }
}

extension AddressFamily {
  /// `4` or `6`: how names of sets and chains end.
  var digit: String { self == .ipv4 ? "4" : "6" }

  /// What a set of such addresses holds.
  var dataType: DataType { self == .ipv4 ? .ipv4Address : .ipv6Address }
}

extension Rule {
  /// Whether it looks something up in a set or map.
  func looksUp(_ set: String) -> Bool {
    for case .lookup(let lookup) in expressions where lookup.set == set { return true }
    return false
  }
}

internal import CNI
internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// The rules that the reference makes for addresses, with iptables on top of nf_tables:
///
///     -A CNI-FORWARD -d 10.1.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
///     -A CNI-FORWARD -s 10.1.0.2/32 -j ACCEPT
///
/// They do not say whose they are. The chain itself stays, as the reference leaves it.
struct ReferenceFirewall {
  let addresses: [IPAddress]

  /// Whether the rules are there: for each address what it sends and the answers to it.
  func isPresent() throws(PluginError) -> Bool {
    guard !addresses.isEmpty, let rules = try ReferenceRules() else { return false }
    for address in addresses {
      let family = address.family
      let chain = ChainReference(ForwardChain.table(family), ForwardChain.name)
      for field in [Field.sourceAddress(family), .destinationAddress(family)] {
        guard try rules.contains(in: chain, { accepts(field, address, in: $0) }) else { return false }
      }
    }
    return true
  }

  /// Removes the rules, however often each is there.
  ///
  /// The kernel finds no rule by what it says, so they are looked for among all of the chain. This executable makes none
  /// in there but a few for all containers.
  func remove() throws(PluginError) {
    guard let rules = try ReferenceRules() else { return }
    for family in AddressFamily.allCases where addresses.contains(where: { $0.family == family }) {
      let chain = ChainReference(ForwardChain.table(family), ForwardChain.name)
      try rules.remove(from: chain) { isRuleForAddress($0, family) }
    }
  }

  /// Whether a rule accepts what goes to one of the addresses or comes from it.
  private func isRuleForAddress(_ rule: Rule, _ family: AddressFamily) -> Bool {
    addresses.contains { address in
      accepts(.sourceAddress(family), address, in: rule) || accepts(.destinationAddress(family), address, in: rule)
    }
  }

  /// Whether a rule accepts what has an address in a field, and looks at nothing else but the connection's state.
  private func accepts(_ field: Field, _ address: IPAddress, in rule: Rule) -> Bool {
    guard rule.expressions.starts(with: Statement.match(field, equals: .address(address)).expressions) else {
      return false
    }
    return rule.expressions.dropFirst(2).allSatisfy { expression in
      switch expression {
      case .counter: true
      case .match(let match): match.name == "conntrack"
      case .verdict(let verdict): verdict == .accept
      default: false
      }
    }
  }
}

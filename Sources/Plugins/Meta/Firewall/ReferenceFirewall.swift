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

  /// Removes the rules, however often each is there.
  ///
  /// The kernel finds no rule by what it says, so they are looked for among all of the chain. This executable makes none
  /// in there but a few for all containers.
  func remove() throws(PluginError) {
    let rules = try ReferenceRules()
    for family in AddressFamily.allCases where addresses.contains(where: { $0.family == family }) {
      let chain = ChainReference(ForwardChain.table(family), ForwardChain.name)
      try rules.remove(from: chain) { isRuleForAddress($0, family) }
    }
  }

  /// Whether a rule accepts what goes to one of the addresses or comes from it, and looks at nothing else but the
  /// connection's state.
  private func isRuleForAddress(_ rule: Rule, _ family: AddressFamily) -> Bool {
    let isForAddress = addresses.contains { address in
      let fields: [Field] = [.sourceAddress(family), .destinationAddress(family)]
      return fields.contains { field in
        rule.expressions.starts(with: Statement.match(field, equals: .address(address)).expressions)
      }
    }
    guard isForAddress else { return false }
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

internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// The way of accepted packets through the rules of iptables: a host may forward nothing there that no rule accepts, as
/// docker has it (`iptables -P FORWARD DROP`).
///
/// The chains are the ones of the reference, under its names, so that both live side by side and people find their own
/// rules where they were. The containers are not in there: ``ForwardingRules`` knows them, and marks their packets.
/// `iptables -S` prints
///
///     -A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
///     -A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j CNI-ADMIN
///     -A CNI-FORWARD -m mark --mark 0x1000/0x1000 -m comment --comment "…" -j ACCEPT
struct ForwardChain {
  let family: AddressFamily

  /// The chain of people's own rules.
  let adminChain: String

  /// The chain that the reference has its rules in.
  static let name = "CNI-FORWARD"

  /// The table of iptables, or of ip6tables.
  static func table(_ family: AddressFamily) -> TableReference { TableReference(family, name: "filter") }

  /// Adds to a batch what is missing. What is there stays where it is.
  ///
  /// The jump gets to the front of FORWARD when it is made, and is not brought back there when others come before it
  /// later. Docker does at each start, with jumps to DOCKER-USER, which is for people's own rules and should come first,
  /// and to DOCKER-FORWARD, which drops nothing but what goes to docker's containers. And who puts a drop there himself
  /// means it.
  func complete(_ batch: inout Batch, _ socket: borrowing NFTablesSocket) throws(NetlinkError) {
    let table = Self.table(family)
    let own = ChainReference(table, Self.name)
    let admin = ChainReference(table, adminChain)
    let forward = ChainReference(table, "FORWARD")
    let rules = try socket.rules(of: own)
    let accepts = rules.contains { $0.expressions == accept.expressions }
    let isOverridden = rules.contains { $0.jumpsAlways(to: adminChain) }
    let isReached = try socket.rules(of: forward).contains { $0.jumpsAlways(to: Self.name) }
    if accepts && isOverridden && isReached { return }

    if try socket.table(table) == nil { batch.create(Table(table)) }
    for chain in [own, admin] where try socket.chain(chain) == nil { batch.create(Chain(chain)) }
    if try socket.chain(forward) == nil {
      // As iptables makes it. One that is there keeps its policy, which this would change.
      batch.create(Chain(forward, base: .init(.filter, .forward, priority: ChainPriority.filter)))
    }
    // People's own rules come first. Those of the reference may come before, as they accept only, too.
    if !accepts { batch.append(accept, to: own) }
    if !isOverridden { batch.insert(Self.jump(adminChain, "CNI firewall plugin admin overrides"), atFrontOf: own) }
    if !isReached { batch.insert(Self.jump(Self.name, "CNI firewall plugin rules"), atFrontOf: forward) }
  }

  private var accept: Rule {
    Rule(
      .mark(has: ForwardingRules.acceptedBit), .counter, .accept,
      comment: "accepted in the table inet \(PacketRules.table.name)")
  }

  /// A jump as iptables makes it: with a counter. It takes the comment for its own.
  private static func jump(_ chain: String, _ comment: String) -> Rule {
    Rule(.counter, .jump(chain), comment: comment)
  }
}

extension Rule {
  /// Whether all packets are sent to a chain. iptables makes such a rule with its own match `comment`, which matches always.
  fileprivate func jumpsAlways(to chain: String) -> Bool {
    guard target == chain else { return false }
    return expressions.allSatisfy { expression in
      switch expression {
      case .counter, .verdict: true
      case .match(let match): match.name == "comment"
      default: false
      }
    }
  }
}

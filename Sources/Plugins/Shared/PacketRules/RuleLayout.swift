internal import CNI
internal import NFTables
internal import Netlink

/// What stands in a table for all attachments of a kind: sets and maps, and chains whose rules never change.
struct RuleLayout {
  /// A chain with its rules.
  struct FixedChain {
    var chain: Chain
    var rules: [Rule]
  }

  let table: TableReference
  var sets: [SetDefinition] = []
  var chains: [FixedChain] = []

  /// Chains whose rules come with what needs them.
  var openChains: [ChainReference] = []

  init(table: TableReference) { self.table = table }

  /// Adds a chain that others jump to.
  mutating func addChain(_ name: String, _ body: (inout FixedChain) -> Void) { add(name, nil, body) }

  /// Adds a chain that the kernel hands packets to.
  mutating func addBaseChain(_ name: String, _ base: Chain.Base, _ body: (inout FixedChain) -> Void) {
    add(name, base, body)
  }

  private mutating func add(_ name: String, _ base: Chain.Base?, _ body: (inout FixedChain) -> Void) {
    var fixed = FixedChain(chain: Chain(ChainReference(table, name), base: base), rules: [])
    body(&fixed)
    chains.append(fixed)
  }

  /// Adds all of it to a batch, whatever of it is there already. Chains get their rules anew, and nobody can tell: a
  /// batch happens as a whole.
  func lay(in batch: inout Batch) {
    batch.add(Table(table, comment: PacketRules.tableComment))
    for set in sets { batch.add(set) }
    for chain in openChains { batch.add(Chain(chain)) }
    for fixed in chains { batch.add(fixed.chain) }
    // Only now: rules jump to chains that stand further down.
    for fixed in chains {
      batch.flush(fixed.chain.reference)
      for rule in fixed.rules { batch.append(rule, to: fixed.chain.reference) }
    }
  }

  /// What is missing of it, in words; nil for nothing.
  func firstFault(_ socket: borrowing NFTablesSocket) throws(NetlinkError) -> String? {
    for fixed in chains {
      let chain = fixed.chain.reference
      guard try socket.chain(chain) != nil else { return "chain \(chain) is missing" }
      if try socket.rules(of: chain) != fixed.rules { return "chain \(chain) has other rules" }
    }
    return nil
  }
}

extension PacketRules {
  /// Verifies, for CHECK, that a layout and the elements of an attachment are there.
  ///
  /// - Parameters:
  ///   - subject: What they are, for the error: `masquerade`.
  ///   - more: Looks for what else may be at fault, and says it in words.
  func check(
    _ subject: String, of attachment: Attachment, _ layout: RuleLayout, _ entries: [Entry],
    more: (borrowing NFTablesSocket) throws(NetlinkError) -> String? = { _ in nil }
  ) throws(PluginError) {
    let fault = try netlink { () throws(NetlinkError) -> String? in
      if let fault = try firstFault(layout, entries) { return fault }
      return try more(socket)
    }
    if let fault { throw PluginError(.internal, "\(subject) of \(attachmentComment(of: attachment)): \(fault)") }
  }

  /// What is missing of a layout and of elements, in words; nil for nothing.
  private func firstFault(_ layout: RuleLayout, _ entries: [Entry]) throws(NetlinkError) -> String? {
    if let fault = try layout.firstFault(socket) { return fault }
    for entry in entries {
      guard let present = try socket.element(entry.element.key, of: entry.set) else {
        return "\(entry.element.key) is missing in \(entry.set)"
      }
      if present.comment != entry.element.comment {
        return "\(entry.element.key) in \(entry.set) belongs to \(present.comment ?? "somebody else")"
      }
    }
    return nil
  }
}

/// Where a chain comes among those of a hook: the lower, the earlier. nft has the names for IPv4, IPv6 and inet; in the
/// family bridge they mean other numbers.
enum ChainPriority {
  /// `raw`, before connections are tracked: `NF_IP_PRI_RAW`.
  static let raw: Int32 = -300
  /// `dstnat`: `NF_IP_PRI_NAT_DST`.
  static let destinationNAT: Int32 = -100
  /// `filter`, where the chains of iptables are: `NF_IP_PRI_FILTER`.
  static let filter: Int32 = 0
  /// `srcnat`: `NF_IP_PRI_NAT_SRC`.
  static let sourceNAT: Int32 = 100
  /// `dstnat` in the family bridge, before all else that looks at frames: `NF_BR_PRI_NAT_DST_BRIDGED`.
  static let bridgeDestinationNAT: Int32 = -300
}

internal import CLinux
internal import CNI
internal import NFTables
internal import Netlink
internal import NetworkAddresses
internal import SystemPackage

/// The packet rules that the reference has made, with nft or with iptables on top of nf_tables. What it made with
/// iptables-legacy is not among the rules that this kernel interface knows.
///
/// Where the reference never was, the kernel says of a few names that there is nothing, and that is all that it costs. The
/// kernel finds no rule by what it says, so where there is one of the chains its rules are read: the reference has one chain
/// for all containers of the host.
struct ReferenceRules {
  private let kernel: PacketRules

  /// - Returns: nil where the kernel has no packet rules.
  init?() throws(PluginError) {
    guard let kernel = try PacketRules.ofHostIfAny() else { return nil }
    self.kernel = kernel
  }

  /// The table of iptables that changes addresses.
  static func natTable(_ family: AddressFamily) -> TableReference { TableReference(family, name: "nat") }

  /// Whether there is a table.
  func has(_ table: TableReference) throws(PluginError) -> Bool {
    try isThere { (socket) throws(NetlinkError) in try socket.table(table) != nil }
  }

  /// Whether there is a chain.
  func has(_ chain: ChainReference) throws(PluginError) -> Bool {
    if chain.name.utf8.count > ObjectName.greatestLength { return false }
    return try isThere { (socket) throws(NetlinkError) in try socket.chain(chain) != nil }
  }

  /// Whether a chain is there and has such a rule.
  func contains(in chain: ChainReference, _ isWanted: (Rule) -> Bool) throws(PluginError) -> Bool {
    guard try has(chain) else { return false }
    return try isThere { (socket) throws(NetlinkError) in
      for rule in try socket.rules(of: chain) where isWanted(rule) { return true }
      return false
    }
  }

  /// What a question is answered with. A kernel without tables of a family, or without any, has nothing.
  private func isThere(_ question: (borrowing NFTablesSocket) throws(NetlinkError) -> Bool) throws(PluginError) -> Bool
  {
    try netlink { () throws(NetlinkError) in
      do throws(NetlinkError) {
        return try question(kernel.socket)
      } catch {
        switch error.code {
        case .invalidArgument, .notSupported, .addressFamilyNotSupported: return false
        default: throw error
        }
      }
    }
  }

  /// Deletes rules and chains, all of them at once, or again when the rules have changed meanwhile.
  func remove(_ body: PacketRules.Change) throws(PluginError) { try kernel.change(body) }

  /// Deletes the rules of a chain that are wanted to go.
  func remove(from chain: ChainReference, _ isUnwanted: (Rule) -> Bool) throws(PluginError) {
    guard try has(chain) else { return }
    try remove { (batch, socket) throws(NetlinkError) in
      for rule in try socket.rules(of: chain) where isUnwanted(rule) { batch.delete(rule, from: chain) }
    }
  }
}

extension TableReference {
  /// A table of one address family, as those of iptables and ip6tables are.
  init(_ family: AddressFamily, name: String) { self.init(family: family == .ipv4 ? .ip : .ip6, name: name) }
}

extension Batch {
  /// Deletes a rule that came from the kernel.
  mutating func delete(_ rule: Rule, from chain: ChainReference) {
    if let handle = rule.handle { deleteRule(handle: handle, from: chain) }
  }
}

extension Rule {
  /// Whether an address is a part of the rule: packets are compared with it, or it is their new destination.
  func mentions(_ address: IPAddress) -> Bool {
    let bytes = address.bytes
    for expression in expressions {
      switch expression {
      case .compare(let comparison) where comparison.value == bytes: return true
      case .immediate(let constant) where constant.value == bytes: return true
      case .target(let target) where target.information.contains(bytes): return true
      default: break
      }
    }
    return false
  }
}

extension [UInt8] {
  /// Whether bytes are in here, one behind the other.
  fileprivate func contains(_ part: [UInt8]) -> Bool {
    var start = 0
    while start + part.count <= count {
      if self[start..<(start + part.count)].elementsEqual(part) { return true }
      start += 1
    }
    return false
  }
}

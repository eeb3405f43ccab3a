internal import NFTables
internal import Netlink

/// The chain of people's own rules in the table of this executable: forwarded packets come through it first. Nothing in it
/// is ever changed here.
struct AdminChain {
  let name: String

  /// Adds to a batch the chain and the jump to it, as far as they are missing. Each name that is in use has its own.
  func complete(_ batch: inout Batch, _ socket: borrowing NFTablesSocket) throws(NetlinkError) {
    let jumps = ForwardingRules.forwardingAdmin
    if try socket.rules(of: jumps).contains(where: { $0.target == name }) { return }
    batch.add(Chain(ChainReference(PacketRules.table, name), comment: "rules of your own"))
    batch.append(Rule(.jump(name)), to: jumps)
  }
}

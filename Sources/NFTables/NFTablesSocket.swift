internal import CLinux
public import Netlink
public import NetworkNamespaces
public import SystemPackage

/// A connection to the part of the kernel that keeps packet rules (nf_tables).
///
/// It belongs to the namespace in which it was opened, from wherever it is used.
///
///     let rules = try NFTablesSocket()
///     var batch = Batch()
///     batch.add(Table(table))
///     batch.add(SetDefinition(hosts, key: [.ipv4Address]))
///     batch.create(SetElement(ElementKey(.address(address)), comment: "web"), in: hosts)
///     try rules.commit(batch)
public struct NFTablesSocket: ~Copyable, Sendable {
  let socket: NetlinkSocket

  /// Opens a socket in the network namespace of the calling thread.
  ///
  /// - Parameter timeout: How long one call waits for the kernel's answer.
  public init(timeout: Duration = .seconds(30)) throws(NetlinkError) {
    socket = try NetlinkSocket(.netfilter, timeout: timeout)
  }

  /// Opens a socket in a network namespace. The calling thread is in there for the time of the call only.
  ///
  /// - Parameter timeout: How long one call waits for the kernel's answer.
  public init(in namespace: borrowing NetworkNamespace, timeout: Duration = .seconds(30)) throws(NetlinkError) {
    socket = try NetlinkSocket(.netfilter, in: namespace, timeout: timeout)
  }
}

// MARK: Changing things

extension NFTablesSocket {
  /// Performs a batch: all of it, or nothing where one operation is refused.
  ///
  /// - Throws: `ERESTART` when the rules are not those of ``Batch/generation`` any more. For the batch as a whole the
  ///   error is `EPERM` without the capability `CAP_NET_ADMIN`.
  public func commit(_ batch: Batch) throws(BatchError) {
    guard let last = batch.operations.last else { return }
    var begin = MessageBuilder(batch: NFNL_MSG_BATCH_BEGIN)
    if let generation = batch.generation { begin.append(NFNL_BATCH_GENID, generation) }
    // An operation that is refused says so unasked. That all of them are done is what the last one is asked for: the
    // kernel looks at the answers after it has done or undone all.
    var requests = [NetlinkRequest(begin, "change packet rules")]
    requests.reserveCapacity(batch.count + 2)
    requests.append(contentsOf: batch.operations.dropLast())
    requests.append(last.acknowledged)
    requests.append(NetlinkRequest(MessageBuilder(batch: NFNL_MSG_BATCH_END), "change packet rules"))
    for (index, outcome) in socket.performAll(requests).enumerated() {
      guard let outcome else { continue }
      let position = index - 1
      throw BatchError(position: position >= 0 && position < batch.count ? position : nil, error: outcome)
    }
  }

  /// Performs a batch, where some errors are as good as success: what is to be deleted may be gone.
  ///
  /// - Returns: Whether it was performed; false for a tolerated error, with which **nothing of it** was.
  @discardableResult
  public func commit(_ batch: Batch, tolerating tolerated: [Errno]) throws(BatchError) -> Bool {
    do throws(BatchError) {
      try commit(batch)
      return true
    } catch {
      if tolerated.contains(error.code) { return false }
      throw error
    }
  }
}

extension MessageBuilder {
  /// Begins the message that opens or closes a batch. See <linux/netfilter/nfnetlink.h>.
  fileprivate init(batch message: CInt) {
    self.init(
      MessageType(message), [],
      nfgenmsg(
        nfgen_family: UInt8(AF_UNSPEC), version: UInt8(NFNETLINK_V0), res_id: UInt16(NFNL_SUBSYS_NFTABLES).bigEndian))
  }
}

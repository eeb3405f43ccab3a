internal import CLinux
public import Netlink
public import NetworkNamespaces
internal import SystemPackage

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
  /// - Throws: `ERESTART` when the rules are not those of ``Batch/generation`` any more.
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

// MARK: Asking for things

extension NFTablesSocket {
  /// The number of the rules' present state. Every batch that changes something makes a new one.
  public func generation() throws(NetlinkError) -> UInt32 {
    let request = NetlinkRequest(
      MessageBuilder(NFT_MSG_GETGEN, [], TableFamily(rawValue: 0)), "find generation of packet rules")
    let generation = try socket.query(request) { (message) throws(MalformedMessage) -> UInt32? in
      var attributes = try message.attributes(after: nfgenmsg.self)
      while let attribute = try attributes.next() {
        if case NFTA_GEN_ID = attribute.type { return try attribute.unsigned }
      }
      return nil
    }
    guard let generation else { throw NetlinkError(operation: request.description, code: .badMessage) }
    return generation
  }

  /// Finds a table; nil if there is none.
  public func table(_ reference: TableReference) throws(NetlinkError) -> Table? {
    var message = MessageBuilder(NFT_MSG_GETTABLE, [], reference.family)
    message.append(NFTA_TABLE_NAME, text: reference.name)
    return try find(NetlinkRequest(message, "find table \(reference)")) { (message) throws(MalformedMessage) in
      try Table(message)
    }
  }

  /// Finds a chain; nil if there is none, or no such table.
  public func chain(_ reference: ChainReference) throws(NetlinkError) -> Chain? {
    var message = MessageBuilder(NFT_MSG_GETCHAIN, [], reference.table.family)
    message.append(NFTA_CHAIN_TABLE, text: reference.table.name)
    message.append(NFTA_CHAIN_NAME, text: reference.name)
    return try find(NetlinkRequest(message, "find chain \(reference)")) { (message) throws(MalformedMessage) in
      try Chain(message)
    }
  }

  /// Finds a set or a map; nil if there is none, or no such table.
  public func set(_ reference: SetReference) throws(NetlinkError) -> SetDefinition? {
    var message = MessageBuilder(NFT_MSG_GETSET, [], reference.table.family)
    message.append(NFTA_SET_TABLE, text: reference.table.name)
    message.append(NFTA_SET_NAME, text: reference.name)
    return try find(NetlinkRequest(message, "find set \(reference)")) { (message) throws(MalformedMessage) in
      try SetDefinition(message)
    }
  }

  /// Finds an element by its key, at a cost that does not grow with the set; nil if there is none, or no such set.
  public func element(_ key: ElementKey, of set: SetReference) throws(NetlinkError) -> SetElement? {
    var message = MessageBuilder(NFT_MSG_GETSETELEM, of: set)
    message.nest(NFTA_SET_ELEM_LIST_ELEMENTS) { SetElement(key).append(to: &$0) }
    let request = NetlinkRequest(message, "find element \(key) of set \"\(set.name)\"")
    return try find(request) { (message) throws(MalformedMessage) in try SetElement.list(message).first }
  }

  /// Asks for one object; nil where the kernel says `ENOENT`.
  private func find<Value: Sendable>(
    _ request: NetlinkRequest, decode: (borrowing Message) throws(MalformedMessage) -> Value?
  ) throws(NetlinkError) -> Value? {
    do throws(NetlinkError) {
      return try socket.query(request, decode: decode)
    } catch {
      if error.code == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }
}

// MARK: Lists

extension NFTablesSocket {
  /// The chains of a table; none where there is no such table.
  public func chains(of table: TableReference) throws(NetlinkError) -> [Chain] {
    let message = MessageBuilder(NFT_MSG_GETCHAIN, .dump, table.family)
    // The kernel lists those of all tables of the family.
    return try socket.dump(NetlinkRequest(message, "list chains of table \(table)")) {
      (message) throws(MalformedMessage) in
      let chain = try Chain(message)
      return chain.reference.table == table ? chain : nil
    }
  }

  /// The rules of a chain, in order; none where there is no such chain.
  public func rules(of chain: ChainReference) throws(NetlinkError) -> [Rule] {
    let request = NetlinkRequest(
      MessageBuilder(NFT_MSG_GETRULE, .dump, of: chain), "list rules of chain \(chain)")
    return try socket.dump(request) { (message) throws(MalformedMessage) in try Rule(message) }
  }

  /// The elements of a set, in no particular order; none where there is no such set.
  public func elements(of set: SetReference) throws(NetlinkError) -> [SetElement] {
    let request = NetlinkRequest(
      MessageBuilder(NFT_MSG_GETSETELEM, .dump, of: set), "list elements of set \(set)")
    do throws(NetlinkError) {
      let lists = try socket.dump(request) { (message) throws(MalformedMessage) in try SetElement.list(message) }
      return lists.flatMap(\.self)
    } catch {
      if error.code == .noSuchFileOrDirectory { return [] }
      throw error
    }
  }
}

internal import CLinux
public import Netlink
internal import SystemPackage

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
  ///
  /// Data of a map is not taken apart: see ``ElementKey/parts(of:)``. In a set with intervals the element has the first
  /// key of the interval around the key, and no last one.
  public func element(_ key: ElementKey, of set: SetReference) throws(NetlinkError) -> SetElement? {
    var message = MessageBuilder(NFT_MSG_GETSETELEM, of: set)
    message.nest(NFTA_SET_ELEM_LIST_ELEMENTS) { SetElement(key).append(to: &$0) }
    let request = NetlinkRequest(message, "find element \(key) of set \"\(set.name)\"")
    let found = try find(request) { (message) throws(MalformedMessage) in
      try EncodedElement.list(message).first?.element
    }
    guard var element = found else { return nil }
    if element.key == key { element.key = key }
    return element
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

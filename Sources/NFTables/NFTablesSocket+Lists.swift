internal import CLinux
public import Netlink
internal import SystemPackage

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

  /// The elements of a set: in the order of their keys from the last to the first where it has intervals, in none
  /// otherwise. There are none where there is no such set.
  public func elements(of set: SetReference) throws(NetlinkError) -> [SetElement] {
    guard let definition = try self.set(set) else { return [] }
    let request = NetlinkRequest(
      MessageBuilder(NFT_MSG_GETSETELEM, .dump, of: set), "list elements of set \(set)")
    do throws(NetlinkError) {
      let lists = try socket.dump(request) { (message) throws(MalformedMessage) in try EncodedElement.list(message) }
      var elements: [EncodedElement] = []
      for list in lists { elements.append(contentsOf: list) }
      return definition.elements(elements)
    } catch {
      // It has gone meanwhile.
      if error.code == .noSuchFileOrDirectory { return [] }
      throw error
    }
  }
}

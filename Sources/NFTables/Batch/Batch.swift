internal import CLinux
package import Netlink

/// Changes to the rules that happen all together or not at all. See ``NFTablesSocket/commit(_:)``.
///
/// Operations are performed in order. Each has a position, counted from zero in the order in which they were added.
public struct Batch: Sendable {
  /// The operations as the kernel gets them, without acknowledgement.
  package private(set) var operations: [NetlinkRequest] = []

  /// The generation of the rules that the batch was made for: when they have changed meanwhile, nothing happens and the
  /// error is `ERESTART`. See ``NFTablesSocket/generation()``.
  public var generation: UInt32?

  public init(generation: UInt32? = nil) { self.generation = generation }

  /// How many operations there are, and the position of the next one.
  public var count: Int { operations.count }

  /// Whether there is nothing to do.
  public var isEmpty: Bool { operations.isEmpty }

  private mutating func add(
    _ message: consuming MessageBuilder, _ description: @autoclosure @escaping @Sendable () -> String
  ) {
    operations.append(NetlinkRequest(message, description()))
  }
}

// MARK: Tables

extension Batch {
  /// Makes a table unless it is there. The shell equivalent is `nft add table`.
  public mutating func add(_ table: Table) { new(table, [], "add") }

  /// Makes a table. Fails with `EEXIST` where it is there. The shell equivalent is `nft create table`.
  public mutating func create(_ table: Table) { new(table, .exclusive, "create") }

  private mutating func new(_ table: Table, _ flags: MessageFlags, _ verb: String) {
    var message = MessageBuilder(NFT_MSG_NEWTABLE, flags, table.reference.family)
    table.append(to: &message)
    add(message, "\(verb) table \(table.reference)")
  }

  /// Deletes a table with all that is in it. Fails with `ENOENT` where there is none.
  public mutating func delete(_ table: TableReference) {
    var message = MessageBuilder(NFT_MSG_DELTABLE, [], table.family)
    message.append(NFTA_TABLE_NAME, text: table.name)
    add(message, "delete table \(table)")
  }
}

// MARK: Chains

extension Batch {
  /// Makes a chain unless it is there. Fails with `EEXIST` where it is there and hooked in elsewhere.
  public mutating func add(_ chain: Chain) { new(chain, .create, "add") }

  /// Makes a chain. Fails with `EEXIST` where it is there.
  public mutating func create(_ chain: Chain) { new(chain, [.create, .exclusive], "create") }

  private mutating func new(_ chain: Chain, _ flags: MessageFlags, _ verb: String) {
    var message = MessageBuilder(NFT_MSG_NEWCHAIN, flags, chain.reference.table.family)
    chain.append(to: &message)
    add(message, "\(verb) chain \(chain.reference)")
  }

  /// Deletes a chain with its rules. Fails with `ENOENT` where there is none, with `EBUSY` where others jump to it.
  public mutating func delete(_ chain: ChainReference) {
    var message = MessageBuilder(NFT_MSG_DELCHAIN, [], chain.table.family)
    message.append(NFTA_CHAIN_TABLE, text: chain.table.name)
    message.append(NFTA_CHAIN_NAME, text: chain.name)
    add(message, "delete chain \(chain)")
  }

  /// Deletes the rules of a chain. Fails with `ENOENT` where there is no such chain.
  public mutating func flush(_ chain: ChainReference) {
    add(MessageBuilder(NFT_MSG_DELRULE, of: chain), "flush chain \(chain)")
  }
}

// MARK: Rules

extension Batch {
  /// Puts a rule at the end of a chain. The shell equivalent is `nft add rule`.
  public mutating func append(_ rule: Rule, to chain: ChainReference) { new(rule, [.create, .append], chain) }

  /// Puts a rule at the front of a chain. The shell equivalent is `nft insert rule`.
  public mutating func insert(_ rule: Rule, atFrontOf chain: ChainReference) { new(rule, .create, chain) }

  private mutating func new(_ rule: Rule, _ flags: MessageFlags, _ chain: ChainReference) {
    var message = MessageBuilder(NFT_MSG_NEWRULE, flags, of: chain)
    rule.append(to: &message)
    let comment = rule.comment
    add(message, "add rule\(comment.map { " \"\($0)\"" } ?? "") to chain \(chain)")
  }

  /// Deletes a rule. Fails with `ENOENT` where there is none.
  ///
  /// - Parameter handle: See ``Rule/handle``.
  public mutating func deleteRule(handle: UInt64, from chain: ChainReference) {
    var message = MessageBuilder(NFT_MSG_DELRULE, of: chain)
    message.append(NFTA_RULE_HANDLE, handle)
    add(message, "delete rule \(handle) from chain \(chain)")
  }
}

extension MessageBuilder {
  /// Begins a message about rules of a chain.
  init(_ message: nf_tables_msg_types, _ flags: MessageFlags = [], of chain: ChainReference) {
    self.init(message, flags, chain.table.family)
    append(NFTA_RULE_TABLE, text: chain.table.name)
    append(NFTA_RULE_CHAIN, text: chain.name)
  }
}

// MARK: Sets

extension Batch {
  /// Makes a set or a map unless it is there. Newer kernels fail with `EEXIST` where it is there and made otherwise.
  public mutating func add(_ set: SetDefinition) { new(set, .create, "add") }

  /// Makes a set or a map. Fails with `EEXIST` where it is there.
  public mutating func create(_ set: SetDefinition) { new(set, [.create, .exclusive], "create") }

  private mutating func new(_ set: SetDefinition, _ flags: MessageFlags, _ verb: String) {
    var message = MessageBuilder(NFT_MSG_NEWSET, flags, set.reference.table.family)
    set.append(to: &message, id: UInt32(truncatingIfNeeded: count + 1))
    let kind = set.value == nil ? "set" : "map"
    add(message, "\(verb) \(kind) \(set.reference)")
  }

  /// Deletes a set or a map with its elements. Fails with `ENOENT` where there is none, with `EBUSY` where rules use
  /// it.
  public mutating func delete(_ set: SetReference) {
    var message = MessageBuilder(NFT_MSG_DELSET, [], set.table.family)
    message.append(NFTA_SET_TABLE, text: set.table.name)
    message.append(NFTA_SET_NAME, text: set.name)
    add(message, "delete set \(set)")
  }
}

// MARK: Elements

extension Batch {
  /// Puts an element into a set unless it is there. Where a map has another value for the key, the error is `EEXIST`.
  public mutating func add(_ element: SetElement, to set: SetReference) { new(element, .create, set) }

  /// Puts an element into a set. Fails with `EEXIST` where the key is there.
  public mutating func create(_ element: SetElement, in set: SetReference) {
    new(element, [.create, .exclusive], set)
  }

  // One message for each, so that an error tells which one it is about.
  private mutating func new(_ element: SetElement, _ flags: MessageFlags, _ set: SetReference) {
    var message = MessageBuilder(NFT_MSG_NEWSETELEM, flags, of: set)
    message.nest(NFTA_SET_ELEM_LIST_ELEMENTS) { element.append(to: &$0) }
    let key = element.key
    add(message, "add element \(key) to set \"\(set.name)\"")
  }

  /// Puts elements into a set unless they are there. See ``add(_:to:)-(SetElement,_)``.
  public mutating func add(_ elements: [SetElement], to set: SetReference) {
    for element in elements { add(element, to: set) }
  }

  /// Puts elements into a set. See ``create(_:in:)-(SetElement,_)``.
  public mutating func create(_ elements: [SetElement], in set: SetReference) {
    for element in elements { create(element, in: set) }
  }

  /// Takes an element from a set. Fails with `ENOENT` where it is not there.
  public mutating func delete(_ element: SetElement, from set: SetReference) {
    var message = MessageBuilder(NFT_MSG_DELSETELEM, of: set)
    message.nest(NFTA_SET_ELEM_LIST_ELEMENTS) { element.append(to: &$0) }
    let key = element.key
    add(message, "delete element \(key) from set \"\(set.name)\"")
  }

  /// Takes the element with a key from a set. Fails with `ENOENT` where it is not there.
  public mutating func delete(_ key: ElementKey, from set: SetReference) { delete(SetElement(key), from: set) }

  /// Takes the elements with these keys from a set. Fails with `ENOENT` where one is not there.
  public mutating func delete(_ keys: [ElementKey], from set: SetReference) {
    for key in keys { delete(key, from: set) }
  }

  /// Takes all elements from a set. Fails with `ENOENT` where there is no such set.
  public mutating func flush(_ set: SetReference) {
    add(MessageBuilder(NFT_MSG_DELSETELEM, of: set), "flush set \"\(set.name)\"")
  }
}

extension MessageBuilder {
  /// Begins a message about elements of a set.
  init(_ message: nf_tables_msg_types, _ flags: MessageFlags = [], of set: SetReference) {
    self.init(message, flags, set.table.family)
    append(NFTA_SET_ELEM_LIST_TABLE, text: set.table.name)
    append(NFTA_SET_ELEM_LIST_SET, text: set.name)
  }
}

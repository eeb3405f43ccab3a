internal import CLinux
package import Netlink

/// A chain: a list of rules. A base chain sees packets, a regular one is jumped to.
public struct Chain: Hashable, Sendable {
  /// Its table and name.
  public var reference: ChainReference

  /// Where it is hooked in; nil for a regular chain.
  public var base: Base?

  /// What nft prints as `comment`.
  public var comment: String?

  public init(_ reference: ChainReference, base: Base? = nil, comment: String? = nil) {
    self.reference = reference
    self.base = base
    self.comment = comment
  }

  /// What makes a chain a base chain.
  public struct Base: Hashable, Sendable {
    /// What its rules may do.
    public var type: ChainType

    /// Where on a packet's way.
    public var hook: Hook

    /// The place among the chains of the hook: lower ones come first.
    public var priority: Int32

    /// What becomes of packets that reach the end.
    public var policy: Policy

    public init(_ type: ChainType, _ hook: Hook, priority: Int32, policy: Policy = .accept) {
      self.type = type
      self.hook = hook
      self.priority = priority
      self.policy = policy
    }
  }

  /// What rules of a base chain may do.
  public struct ChainType: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// Sees every packet.
    public static let filter = ChainType(rawValue: "filter")

    /// Sees the first packet of each connection only.
    public static let nat = ChainType(rawValue: "nat")

    /// Sees packets of this machine, which are routed again when a rule changed them.
    public static let route = ChainType(rawValue: "route")
  }

  /// Where on a packet's way. The numbers are `NF_INET_*` of <linux/netfilter.h>, and the same in a bridge.
  public enum Hook: UInt32, Sendable {
    case prerouting = 0
    case input = 1
    case forward = 2
    case output = 3
    case postrouting = 4
  }

  /// `NF_ACCEPT` and `NF_DROP`.
  public enum Policy: UInt32, Sendable {
    case drop = 0
    case accept = 1
  }
}

extension Chain {
  func append(to message: inout MessageBuilder) {
    message.append(NFTA_CHAIN_TABLE, text: reference.table.name)
    message.append(NFTA_CHAIN_NAME, text: reference.name)
    if let base {
      message.append(NFTA_CHAIN_TYPE, text: base.type.rawValue)
      message.append(NFTA_CHAIN_POLICY, base.policy.rawValue)
      message.nest(NFTA_CHAIN_HOOK) { message in
        message.append(NFTA_HOOK_HOOKNUM, base.hook.rawValue)
        message.append(NFTA_HOOK_PRIORITY, UInt32(bitPattern: base.priority))
      }
    }
    message.append(NFTA_CHAIN_USERDATA, comment: comment)
  }

  /// Reads a message of the type `NFT_MSG_NEWCHAIN`.
  package init(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(nfgenmsg.self)
    var table: String?
    var name: String?
    var type: String?
    var hook: (number: UInt32, priority: UInt32)?
    var policy = Policy.accept
    var comment: String?
    var attributes = try message.attributes(after: nfgenmsg.self)
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_CHAIN_TABLE: table = attribute.text
      case NFTA_CHAIN_NAME: name = attribute.text
      case NFTA_CHAIN_TYPE: type = attribute.text
      case NFTA_CHAIN_HOOK: hook = try Self.hook(attribute)
      case NFTA_CHAIN_POLICY: policy = try attribute.unsigned == Policy.drop.rawValue ? .drop : .accept
      case NFTA_CHAIN_USERDATA: comment = attribute.comment
      default: break
      }
    }
    guard let table, let name else { throw MalformedMessage("chain without a name") }
    let family = TableFamily(rawValue: header.nfgen_family)
    self.init(ChainReference(TableReference(family: family, name: table), name), comment: comment)
    if let type, let hook, let number = Hook(rawValue: hook.number) {
      base = Base(
        ChainType(rawValue: type), number, priority: Int32(bitPattern: hook.priority), policy: policy)
    }
  }

  private static func hook(_ attribute: borrowing Attribute) throws(MalformedMessage) -> (UInt32, UInt32) {
    var number: UInt32 = 0
    var priority: UInt32 = 0
    var attributes = attribute.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_HOOK_HOOKNUM: number = try attribute.unsigned
      case NFTA_HOOK_PRIORITY: priority = try attribute.unsigned
      default: break
      }
    }
    return (number, priority)
  }
}

internal import CLinux
package import Netlink

/// A rule of a chain: expressions that the kernel goes through from the first to the last.
///
///     Rule(.ipv4, .match(.sourceAddress(.ipv4), in: "masqueraded4"), .masquerade())
///
/// Two rules are equal when they do the same and have the same comment, wherever they are: the handle does not count,
/// and neither does what counters have counted. So a rule that comes from the kernel equals the one that was sent
/// there.
public struct Rule: Equatable, Sendable {
  /// What is gone through, in order.
  public var expressions: [Expression]

  /// What nft prints as `comment`. At most 128 bytes. In a rule that iptables made it is the text of the match
  /// `comment`, which is among the expressions.
  public var comment: String?

  /// The kernel's number of the rule in its table. It is set in rules that come from the kernel.
  public internal(set) var handle: UInt64?

  public init(_ expressions: [Expression], comment: String? = nil) {
    self.expressions = expressions
    self.comment = comment
  }

  public init(_ statements: Statement..., comment: String? = nil) {
    self.init(statements.flatMap(\.expressions), comment: comment)
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.expressions == right.expressions && left.comment == right.comment
  }

  /// The chain that it jumps or goes to, if it does so whenever it matches.
  public var target: String? {
    for case .verdict(let verdict) in expressions {
      switch verdict {
      case .jump(let chain), .goTo(let chain): return chain
      default: break
      }
    }
    return nil
  }
}

extension Rule {
  func append(to message: inout MessageBuilder) {
    message.nest(NFTA_RULE_EXPRESSIONS) { message in
      for expression in expressions { expression.append(to: &message) }
    }
    message.append(NFTA_RULE_USERDATA, comment: comment)
  }

  /// Reads a message of the type `NFT_MSG_NEWRULE`.
  package init(_ message: borrowing Message) throws(MalformedMessage) {
    self.init([])
    var attributes = try message.attributes(after: nfgenmsg.self)
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_RULE_HANDLE: handle = try attribute.unsigned64
      case NFTA_RULE_USERDATA: comment = attribute.comment
      case NFTA_RULE_EXPRESSIONS:
        var list = attribute.nested
        while let element = try list.next() { expressions.append(try Expression(element)) }
      default: break
      }
    }
    if comment == nil { comment = extensionComment }
  }

  /// The text of the match `comment` of iptables: `struct xt_comment_info` of <linux/netfilter/xt_comment.h>.
  private var extensionComment: String? {
    for case .match(let match) in expressions where match.name == "comment" {
      return String(decoding: match.information.prefix { $0 != 0 }, as: UTF8.self)
    }
    return nil
  }
}

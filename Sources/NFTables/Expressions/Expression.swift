internal import CLinux
internal import Netlink

/// One step of a rule: it loads something into a register, compares what is in one, or acts. A rule ends at the first
/// comparison that fails.
///
/// `nft --debug=netlink` prints the expressions of each statement. ``Statement`` makes those of frequent ones.
public enum Expression: Equatable, Sendable {
  case payload(Payload)
  case meta(Meta)
  case compare(Compare)
  case bitwise(Bitwise)
  case lookup(Lookup)
  case immediate(Immediate)
  case verdict(Verdict)
  case nat(NetworkAddressTranslation)
  case masquerade(Masquerade)
  case conntrack(ConnectionTracking)
  case forwarding(ForwardingInformation)
  case counter(Counter)
  case reject(Reject)

  /// A match of iptables: `-m NAME`.
  case match(Extension)

  /// A target of iptables: `-j NAME`.
  case target(Extension)

  /// Any other, or one that is made in a way not known here: the kernel's name, and its attributes as they came.
  case other(name: String, attributes: [UInt8])
}

extension Expression {
  /// Appends it to a list of expressions.
  func append(to message: inout MessageBuilder) {
    message.nest(NFTA_LIST_ELEM) { message in
      message.append(NFTA_EXPR_NAME, text: name)
      if case .other(_, let attributes) = self {
        message.append(Int(NFTA_EXPR_DATA.rawValue) | Int(SWIFTCNI_NLA_F_NESTED), bytes: attributes)
      } else {
        message.nest(NFTA_EXPR_DATA) { appendAttributes(to: &$0) }
      }
    }
  }

  private func appendAttributes(to message: inout MessageBuilder) {
    switch self {
    case .payload(let value): value.append(to: &message)
    case .meta(let value): value.append(to: &message)
    case .compare(let value): value.append(to: &message)
    case .bitwise(let value): value.append(to: &message)
    case .lookup(let value): value.append(to: &message)
    case .immediate(let value): value.append(to: &message)
    case .verdict(let value):
      message.append(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT)
      message.nest(NFTA_IMMEDIATE_DATA) { value.append(to: &$0) }
    case .nat(let value): value.append(to: &message)
    case .masquerade(let value): value.append(to: &message)
    case .conntrack(let value): value.append(to: &message)
    case .forwarding(let value): value.append(to: &message)
    case .counter(let value): value.append(to: &message)
    case .reject(let value): value.append(to: &message)
    case .match(let value), .target(let value): value.append(to: &message)
    case .other: break
    }
  }

  /// The kernel's name for its kind.
  public var name: String {
    switch self {
    case .payload: "payload"
    case .meta: "meta"
    case .compare: "cmp"
    case .bitwise: "bitwise"
    case .lookup: "lookup"
    case .immediate, .verdict: "immediate"
    case .nat: "nat"
    case .masquerade: "masq"
    case .conntrack: "ct"
    case .forwarding: "fib"
    case .counter: "counter"
    case .reject: "reject"
    case .match: "match"
    case .target: "target"
    case .other(let name, _): name
    }
  }

  /// Reads one expression of a list.
  init(_ attribute: borrowing Attribute) throws(MalformedMessage) {
    var name: String?
    var expression: Expression?
    var attributes = attribute.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_EXPR_NAME: name = attribute.text
      case NFTA_EXPR_DATA:
        guard let name else { throw MalformedMessage("expression without a name") }
        expression = try Self.decode(name, attribute) ?? .other(name: name, attributes: attribute.bytes)
      default: break
      }
    }
    guard let name else { throw MalformedMessage("expression without a name") }
    self = expression ?? .other(name: name, attributes: [])
  }

  /// Reads the attributes of an expression; nil for one that is not known here.
  private static func decode(_ name: String, _ data: borrowing Attribute) throws(MalformedMessage) -> Expression? {
    switch name {
    case "payload": try Payload(data).map { .payload($0) }
    case "meta": try Meta(data).map { .meta($0) }
    case "cmp": try .compare(Compare(data))
    case "bitwise": try Bitwise(data).map { .bitwise($0) }
    case "lookup": try .lookup(Lookup(data))
    case "immediate": try Immediate.expression(data)
    case "nat": try NetworkAddressTranslation(data).map { .nat($0) }
    case "masq": try Masquerade(data).map { .masquerade($0) }
    case "ct": try ConnectionTracking(data).map { .conntrack($0) }
    case "fib": try ForwardingInformation(data).map { .forwarding($0) }
    case "counter": try .counter(Counter(data))
    case "reject": try .reject(Reject(data))
    case "match": try .match(Extension(data))
    case "target": try .target(Extension(data))
    default: nil
    }
  }
}

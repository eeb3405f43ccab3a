public import NetworkAddresses

/// What decides which routing table a packet is looked up in: one line of `ip rule`. See `struct fib_rule_hdr` in
/// <linux/fib_rules.h> and ip-rule(8).
///
/// The rules of each version of the internet protocol are a list of their own, which the kernel goes through by
/// priority until a rule has an answer. What is nil matches every packet.
public struct RoutingRule: Hashable, Sendable {
  /// The version of the internet protocol whose list it is in. The two networks must be of it.
  public var family: AddressFamily

  /// The network that packets come from. Host bits that are set are kept and mean nothing.
  public var source: CIDR?

  /// The network that packets go to.
  public var destination: CIDR?

  /// The name of the link that packets come in by; `lo` stands for this machine's own.
  public var inputLink: String?

  /// The name of the link that a socket is bound to, for packets of this machine.
  public var outputLink: String?

  /// The mark that packets have, as far as its mask goes.
  public var mark: Mark?

  /// The place in the list: lower numbers come first. In a request nil leaves it to the kernel, which takes one less than
  /// the lowest but that of the first rule; in a search it is any.
  public var priority: UInt32?

  /// The table that is looked into, where the action is ``RuleAction/lookUp``.
  public var table: RouteTable

  /// What becomes of the packets.
  public var action: RuleAction

  /// Whether it is for the packets that do *not* match.
  public var isInverted: Bool

  /// Who made it. In a search ``RouteProtocol/unspecified`` is anybody.
  public var origin: RouteProtocol

  public init(
    _ family: AddressFamily, from source: CIDR? = nil, to destination: CIDR? = nil, inputLink: String? = nil,
    outputLink: String? = nil, mark: Mark? = nil, priority: UInt32? = nil, table: RouteTable = .main,
    action: RuleAction = .lookUp, isInverted: Bool = false, origin: RouteProtocol = .unspecified
  ) {
    self.family = family
    self.source = source
    self.destination = destination
    self.inputLink = inputLink
    self.outputLink = outputLink
    self.mark = mark
    self.priority = priority
    self.table = table
    self.action = action
    self.isInverted = isInverted
    self.origin = origin
  }

  /// A rule for the packets of one address: `from 10.1.0.7 lookup 100`.
  public init(from address: IPAddress, table: RouteTable, priority: UInt32? = nil) {
    self.init(address.family, from: CIDR(host: address), priority: priority, table: table)
  }

  /// The mark of a packet (`fwmark`), of which the bits count that are in the mask.
  public struct Mark: Hashable, Sendable {
    /// What the bits have to be.
    public var value: UInt32

    /// Which bits count.
    public var mask: UInt32

    public init(_ value: UInt32, mask: UInt32 = .max) {
      self.value = value
      self.mask = mask
    }
  }
}

extension RoutingRule: CustomStringConvertible {
  /// The way that errors name it, which is that of `ip rule`: `from 10.1.0.7/32 lookup 100`.
  public var description: String {
    var text = isInverted ? "not from " : "from "
    text += source?.description ?? "all"
    if let destination { text += " to \(destination)" }
    if let mark { text += " fwmark \(mark.value)/\(mark.mask)" }
    if let inputLink { text += " iif \(inputLink)" }
    if let outputLink { text += " oif \(outputLink)" }
    text += action == .lookUp ? " lookup \(table)" : " \(action)"
    if let priority { text += " priority \(priority)" }
    return text
  }
}

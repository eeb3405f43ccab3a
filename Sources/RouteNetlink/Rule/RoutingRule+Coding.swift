internal import CLinux
package import Netlink
internal import NetworkAddresses

extension RoutingRule {
  /// Reads a message of the type `RTM_NEWRULE`; nil for a family that is not an internet protocol. What is unknown is
  /// passed over.
  package init?(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(fib_rule_hdr.self)
    guard let family = AddressFamily(number: header.family) else { return nil }
    // The kernel does not say a priority of 0.
    self.init(
      family, priority: 0, table: RouteTable(rawValue: UInt32(header.table)),
      action: RuleAction(rawValue: header.action), isInverted: header.flags & UInt32(FIB_RULE_INVERT) != 0,
      origin: .unspecified)
    var mark: UInt32?
    var mask: UInt32?
    var attributes = try message.attributes(after: fib_rule_hdr.self)
    while let attribute = try attributes.next() {
      switch attribute.type {
      case FRA_SRC: source = try attribute.network(of: family, prefixLength: header.src_len)
      case FRA_DST: destination = try attribute.network(of: family, prefixLength: header.dst_len)
      case FRA_IIFNAME: inputLink = attribute.text
      case FRA_OIFNAME: outputLink = attribute.text
      case FRA_PRIORITY: priority = try attribute.integer()
      case FRA_TABLE: table = RouteTable(rawValue: try attribute.integer())
      case FRA_FWMARK: mark = try attribute.integer()
      case FRA_FWMASK: mask = try attribute.integer()
      case FRA_PROTOCOL: origin = RouteProtocol(rawValue: try attribute.integer())
      default: break
      }
    }
    // A mark of 0 is not said, but then its mask is.
    if mark != nil || mask != nil { self.mark = Mark(mark ?? 0, mask: mask ?? .max) }
  }

  /// The message that says all of the rule. The order of the attributes is that of ip(8).
  fileprivate func message(_ type: Int, _ flags: MessageFlags) -> MessageBuilder {
    var header = fib_rule_hdr()
    header.family = family.number
    header.src_len = UInt8(truncatingIfNeeded: source?.prefixLength ?? 0)
    header.dst_len = UInt8(truncatingIfNeeded: destination?.prefixLength ?? 0)
    let isShort = table.rawValue <= UInt32(UInt8.max)
    if action == .lookUp && isShort { header.table = table.headerValue }
    header.action = action.rawValue
    if isInverted { header.flags = UInt32(FIB_RULE_INVERT) }
    var message = MessageBuilder(changing: type, header, flags)
    if let source { message.append(FRA_SRC, source.address) }
    if let destination { message.append(FRA_DST, destination.address) }
    if let inputLink { message.append(FRA_IIFNAME, text: inputLink) }
    if let outputLink { message.append(FRA_OIFNAME, text: outputLink) }
    if let mark {
      message.append(FRA_FWMARK, mark.value)
      message.append(FRA_FWMASK, mark.mask)
    }
    if action == .lookUp && !isShort { message.append(FRA_TABLE, table.rawValue) }
    if let priority { message.append(FRA_PRIORITY, priority) }
    if origin != .unspecified { message.append(FRA_PROTOCOL, origin.rawValue) }
    return message
  }
}

extension Attribute {
  /// The payload as the address of a network whose prefix length stands in the message's structure.
  fileprivate func network(of family: AddressFamily, prefixLength: UInt8) throws(MalformedMessage) -> CIDR {
    let address = try address
    guard address.family == family, let network = CIDR(address: address, prefixLength: Int(prefixLength)) else {
      throw MalformedMessage("network that does not fit its family")
    }
    return network
  }
}

extension RouteRequest {
  /// Adds a rule. Fails with `EEXIST` where there is an equal one of the same priority.
  ///
  /// The shell equivalent is `ip rule add`.
  public static func addRule(_ rule: RoutingRule) -> RouteRequest {
    RouteRequest(rule.message(RTM_NEWRULE, [.create, .exclusive]), "add rule \(rule)")
  }

  /// Deletes the first rule that has all that this one has. Fails with `ENOENT` where there is none.
  ///
  /// The shell equivalent is `ip rule delete`.
  public static func deleteRule(_ rule: RoutingRule) -> RouteRequest {
    RouteRequest(rule.message(RTM_DELRULE, []), "delete rule \(rule)")
  }
}

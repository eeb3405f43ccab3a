internal import CLinux
package import Netlink
internal import NetworkAddresses

extension LinkAddress {
  /// Reads a message of the type `RTM_NEWADDR`; nil for a family that is not an internet protocol.
  package init?(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(ifaddrmsg.self)
    guard let family = AddressFamily(number: header.ifa_family) else { return nil }
    var local: IPAddress?
    var address: IPAddress?
    var broadcast: IPAddress?
    var label: String?
    var flags = AddressFlags(rawValue: UInt32(header.ifa_flags))
    var attributes = try message.attributes(after: ifaddrmsg.self)
    while let attribute = try attributes.next() {
      switch attribute.type {
      case IFA_LOCAL: local = try attribute.address
      case IFA_ADDRESS: address = try attribute.address
      case IFA_BROADCAST: broadcast = try attribute.address
      case IFA_LABEL: label = attribute.text
      // The header has room for the oldest eight only.
      case IFA_FLAGS: flags = AddressFlags(rawValue: try attribute.integer())
      default: break
      }
    }
    // Without a local address there is no other end, and the address is the local one.
    guard let own = local ?? address, own.family == family,
      let cidr = CIDR(address: own, prefixLength: Int(header.ifa_prefixlen))
    else { throw MalformedMessage("address that does not fit its family") }
    self.init(
      cidr, peer: address == own ? nil : address, broadcast: broadcast, label: label,
      scope: Scope(rawValue: header.ifa_scope), flags: flags)
    linkIndex = header.ifa_index
  }

  fileprivate func message(_ type: Int, _ flags: MessageFlags, link: UInt32) -> MessageBuilder {
    var header = ifaddrmsg()
    header.ifa_family = cidr.address.family.number
    header.ifa_prefixlen = UInt8(truncatingIfNeeded: cidr.prefixLength)
    header.ifa_flags = UInt8(truncatingIfNeeded: self.flags.rawValue)
    header.ifa_scope = scope.rawValue
    header.ifa_index = link
    var message = MessageBuilder(changing: type, header, flags)
    message.append(IFA_LOCAL, cidr.address)
    if let broadcast { message.append(IFA_BROADCAST, broadcast) }
    message.append(IFA_ADDRESS, peer ?? cidr.address)
    if let label { message.append(IFA_LABEL, text: label) }
    if self.flags.rawValue != UInt32(header.ifa_flags) { message.append(IFA_FLAGS, self.flags.rawValue) }
    return message
  }
}

extension RouteRequest {
  /// Gives a link an address. Fails with `EEXIST` where it has that address, unless told to replace it.
  ///
  /// The shell equivalent is `ip address add`, or `replace`.
  public static func addAddress(_ address: LinkAddress, to link: UInt32, replace: Bool = false) -> RouteRequest {
    let message = address.message(RTM_NEWADDR, replace ? [.create, .replace] : [.create, .exclusive], link: link)
    return RouteRequest(message, "add address \(address.cidr) to link with index \(link)")
  }

  /// Takes an address from a link. Fails with `EADDRNOTAVAIL` where it has no such address.
  ///
  /// The shell equivalent is `ip address delete`.
  public static func deleteAddress(_ address: LinkAddress, from link: UInt32) -> RouteRequest {
    RouteRequest(
      address.message(RTM_DELADDR, [], link: link), "delete address \(address.cidr) from link with index \(link)")
  }
}

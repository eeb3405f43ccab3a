internal import CLinux
package import Netlink
internal import NetworkAddresses

extension Route {
  /// Reads a message of the type `RTM_NEWROUTE`; nil for a family that is not an internet protocol.
  package init?(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(rtmsg.self)
    guard let family = AddressFamily(number: header.rtm_family) else { return nil }
    let anywhere: CIDR = family == .ipv4 ? .defaultIPv4 : .defaultIPv6
    self.init(
      to: anywhere, table: RouteTable(rawValue: UInt32(header.rtm_table)), scope: Scope(rawValue: header.rtm_scope),
      origin: RouteProtocol(rawValue: header.rtm_protocol), type: RouteType(rawValue: header.rtm_type))
    (isOnLink, isDead) = Self.flags(header.rtm_flags)
    var address = anywhere.address
    var attributes = try message.attributes(after: rtmsg.self)
    while let attribute = try attributes.next() {
      switch Int(attribute.type) {
      case Int(RTA_DST.rawValue): address = try attribute.address
      default: try read(attribute)
      }
    }
    guard address.family == family, let destination = CIDR(address: address, prefixLength: Int(header.rtm_dst_len))
    else { throw MalformedMessage("destination that does not fit its family") }
    self.destination = destination
  }

  private mutating func read(_ attribute: borrowing Attribute) throws(MalformedMessage) {
    switch rtattr_type_t(rawValue: UInt32(attribute.type)) {
    case RTA_GATEWAY: gateway = try attribute.address
    case RTA_VIA: gateway = try attribute.gatewayOfOtherFamily
    case RTA_PREFSRC: source = try attribute.address
    case RTA_OIF: linkIndex = try attribute.integer()
    case RTA_PRIORITY: priority = try attribute.integer()
    case RTA_TABLE: table = RouteTable(rawValue: try attribute.integer())
    case RTA_METRICS: try readMetrics(attribute)
    case RTA_MULTIPATH: nexthops = try Nexthop.list(attribute.payload)
    default: break
    }
  }

  private mutating func readMetrics(_ metrics: borrowing Attribute) throws(MalformedMessage) {
    var attributes = metrics.nested
    while let metric = try attributes.next() {
      switch metric.type {
      case RTAX_MTU: mtu = try metric.integer()
      case RTAX_ADVMSS: advertisedMSS = try metric.integer()
      default: break
      }
    }
  }

  fileprivate static func flags(_ flags: some BinaryInteger) -> (isOnLink: Bool, isDead: Bool) {
    (flags & numericCast(RTNH_F_ONLINK) != 0, flags & numericCast(RTNH_F_DEAD) != 0)
  }
}

extension Route.Nexthop {
  /// Reads the payload of `RTA_MULTIPATH`: structures with attributes behind each, as long as its length says.
  static func list(_ bytes: RawSpan) throws(MalformedMessage) -> [Route.Nexthop] {
    var nexthops: [Route.Nexthop] = []
    var offset = 0
    while offset < bytes.byteCount {
      let header = try bytes.load(rtnexthop.self, at: offset)
      let length = Int(header.rtnh_len)
      guard length >= MemoryLayout<rtnexthop>.size, length <= bytes.byteCount - offset else {
        throw MalformedMessage("nexthop of \(length) bytes where \(bytes.byteCount - offset) are left")
      }
      var nexthop = Route.Nexthop(
        linkIndex: UInt32(truncatingIfNeeded: header.rtnh_ifindex), weight: Int(header.rtnh_hops) + 1,
        isOnLink: Route.flags(header.rtnh_flags).isOnLink)
      var attributes = AttributeCursor(
        bytes.extracting((offset + MemoryLayout<rtnexthop>.size)..<(offset + length)))
      while let attribute = try attributes.next() {
        switch rtattr_type_t(rawValue: UInt32(attribute.type)) {
        case RTA_GATEWAY: nexthop.gateway = try attribute.address
        case RTA_VIA: nexthop.gateway = try attribute.gatewayOfOtherFamily
        default: break
        }
      }
      nexthops.append(nexthop)
      // The structures are aligned as attributes are.
      offset += (length + 3) & ~3
    }
    return nexthops
  }
}

extension Attribute {
  /// The payload as `struct rtvia` of <linux/rtnetlink.h>: a family, then an address of it. Nil for a family that is
  /// not an internet protocol.
  fileprivate var gatewayOfOtherFamily: IPAddress? {
    get throws(MalformedMessage) {
      // The structure ends in an array without a length, so it cannot be loaded as a whole.
      let family = try payload.load(UInt16.self)
      let address = payload.extracting(MemoryLayout<UInt16>.size...)
      switch AddressFamily(number: UInt8(truncatingIfNeeded: family)) {
      case .ipv4: return .v4(IPv4Address(rawValue: UInt32(bigEndian: try address.load(UInt32.self))))
      case .ipv6: return .v6(IPv6Address(rawValue: UInt128(bigEndian: try address.load(UInt128.self))))
      case .none: return nil
      }
    }
  }
}

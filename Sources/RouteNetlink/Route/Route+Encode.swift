internal import CLinux
internal import Netlink
internal import NetworkAddresses

extension Route {
  fileprivate func message(_ type: Int, _ flags: MessageFlags) -> MessageBuilder {
    var header = rtmsg()
    header.rtm_family = destination.address.family.number
    header.rtm_dst_len = UInt8(truncatingIfNeeded: destination.prefixLength)
    header.rtm_table = table.headerValue
    header.rtm_protocol = origin.rawValue
    header.rtm_scope = scope.rawValue
    header.rtm_type = self.type.rawValue
    if isOnLink { header.rtm_flags = UInt32(RTNH_F_ONLINK) }
    var message = MessageBuilder(changing: type, header, flags)
    if !destination.isDefault { message.append(RTA_DST, destination.address) }
    message.append(gateway: gateway, onWayTo: destination.address.family)
    if let linkIndex { message.append(RTA_OIF, linkIndex) }
    if let source { message.append(RTA_PREFSRC, source) }
    if let priority { message.append(RTA_PRIORITY, priority) }
    if table.rawValue != UInt32(table.headerValue) { message.append(RTA_TABLE, table.rawValue) }
    if mtu != nil || advertisedMSS != nil {
      message.nest(RTA_METRICS) { message in
        if let mtu { message.append(RTAX_MTU, mtu) }
        if let advertisedMSS { message.append(RTAX_ADVMSS, advertisedMSS) }
      }
    }
    if !nexthops.isEmpty {
      message.append(Int(RTA_MULTIPATH.rawValue)) { message in
        for nexthop in nexthops { nexthop.append(to: &message, onWayTo: destination.address.family) }
      }
    }
    return message
  }
}

extension Route.Nexthop {
  fileprivate func append(to message: inout MessageBuilder, onWayTo family: AddressFamily) {
    var header = rtnexthop()
    header.rtnh_flags = isOnLink ? UInt8(RTNH_F_ONLINK) : 0
    header.rtnh_hops = UInt8(clamping: weight - 1)
    header.rtnh_ifindex = CInt(truncatingIfNeeded: linkIndex ?? 0)
    message.append(record: header) { message in message.append(gateway: gateway, onWayTo: family) }
  }
}

extension MessageBuilder {
  fileprivate mutating func append(gateway: IPAddress?, onWayTo family: AddressFamily) {
    guard let gateway else { return }
    if gateway.family == family {
      append(RTA_GATEWAY, gateway)
    } else {
      let family = UInt16(gateway.family.number)
      append(Int(RTA_VIA.rawValue), bytes: withUnsafeBytes(of: family) { Array($0) } + gateway.bytes)
    }
  }

  fileprivate mutating func append(_ type: rtattr_type_t, _ value: UInt32) {
    append(Int(type.rawValue), value)
  }

  fileprivate mutating func append(_ type: rtattr_type_t, _ address: IPAddress) {
    append(Int(type.rawValue), address)
  }

  fileprivate mutating func nest(_ type: rtattr_type_t, _ body: (inout MessageBuilder) -> Void) {
    nest(Int(type.rawValue), body)
  }
}

/// What to do where there is a route to the same network already, with the same priority and in the same table.
public enum RouteAdditionMode: Hashable, Sendable {
  /// Add this one before it where they differ. An equal one is the error `EEXIST`. IPv6 joins the two to one route with
  /// two ways. The shell equivalent is `ip route prepend`.
  case create

  /// Fail with `EEXIST`. The shell equivalent is `ip route add`.
  case exclusive

  /// Put this one in its place. The shell equivalent is `ip route replace`.
  case replace

  /// Add this one after it. The shell equivalent is `ip route append`.
  case append

  fileprivate var flags: MessageFlags {
    switch self {
    case .create: .create
    case .exclusive: [.create, .exclusive]
    case .replace: [.create, .replace]
    case .append: [.create, .append]
    }
  }
}

extension RouteRequest {
  /// Adds a route.
  public static func addRoute(_ route: Route, mode: RouteAdditionMode = .create) -> RouteRequest {
    RouteRequest(route.message(RTM_NEWROUTE, mode.flags), "add route to \(route)")
  }

  /// Deletes the first route that has all that this one has. Fails with `ESRCH` where there is none.
  ///
  /// The shell equivalent is `ip route delete`.
  public static func deleteRoute(_ route: Route) -> RouteRequest {
    RouteRequest(route.message(RTM_DELROUTE, []), "delete route to \(route)")
  }
}

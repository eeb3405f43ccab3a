internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import NetworkNamespaces
internal import RouteNetlink

/// Gives the interface in the container its kernel settings, addresses and routes.
struct ContainerInterface {
  /// Whether the kernel first asks the network if an IPv6 address is taken (RFC 4862, section 5.4). It takes one to two
  /// seconds, in which the address cannot be used; the IPAM plugin has already seen to it that the address is ours.
  enum DuplicateAddressDetection {
    /// The addresses of the result are used at once. The interface's own setting is left alone.
    case skipped
    /// The same, and the interface does not do it for its link-local address either.
    case disabled
    /// It is done, and waited for.
    case enabled
  }

  /// The name in the container.
  let name: String

  /// The index in the container's namespace.
  let index: UInt32

  /// The position of the interface in the result.
  let position: Int

  /// What happens before an IPv6 address can be used.
  var duplicateAddressDetection = DuplicateAddressDetection.skipped

  /// Whether the kernel tells the network about a new IPv4 address (a gratuitous ARP), so that nobody keeps sending to
  /// the hardware address that had it before.
  var announcesAddresses = false

  /// Whether the kernel makes a route to the address' own subnet.
  var hasSubnetRoute = true

  /// How long addresses may take until they can be used.
  private static let settlingTime = Duration.seconds(5)

  /// Writes the settings, then adds the addresses, takes the interface up and adds the routes, in this order, in one
  /// message to the kernel.
  ///
  /// - Parameter firstRoutes: Routes that have to be there before those of the result.
  func configure(
    _ result: AttachmentResult, firstRoutes: [Route] = [], in namespaces: borrowing AttachmentNamespaces
  ) throws(PluginError) {
    let addresses = result.addresses.filter { $0.interface == position }
    let hasIPv6 = addresses.contains { $0.address.address.family == .ipv6 }
    try writeSettings(hasIPv6: hasIPv6, in: namespaces.namespace)

    var requests = addresses.map { RouteRequest.addAddress(linkAddress($0.address), to: index) }
    requests.append(.setLink(.index(index), LinkChanges(isUp: true)))
    let routes = (firstRoutes + self.routes(of: result)).map { RouteRequest.addRoute($0, mode: .create) }

    guard duplicateAddressDetection == .enabled, hasIPv6 else {
      requests += routes
      return try netlink { () throws(NetlinkError) in try namespaces.container.perform(requests) }
    }
    var settling = try AddressSettling(name, index: index, in: namespaces.namespace)
    try netlink { () throws(NetlinkError) in try namespaces.container.perform(requests) }
    try settling.wait(Self.settlingTime, container: namespaces.container)
    try netlink { () throws(NetlinkError) in try namespaces.container.perform(routes) }
  }

  private func linkAddress(_ cidr: CIDR) -> LinkAddress {
    var address = LinkAddress(cidr)
    switch cidr.address.family {
    case .ipv4:
      if cidr.prefixLength < 31 { address.broadcast = cidr.lastAddress }
    case .ipv6:
      if duplicateAddressDetection != .enabled { address.flags.insert(.noDuplicateDetection) }
    }
    if !hasSubnetRoute { address.flags.insert(.noPrefixRoute) }
    return address
  }

  /// The routes of a result, with the gateways that the protocol lets a result leave out. A route that stands there
  /// twice is made once.
  private func routes(of result: AttachmentResult) -> [Route] {
    var routes: [Route] = []
    for route in result.routes {
      let made = Route(route, linkIndex: index, defaultGateway: result.gateway(for: route.destination.address.family))
      if !routes.contains(made) { routes.append(made) }
    }
    return routes
  }

  private func writeSettings(hasIPv6: Bool, in namespace: borrowing NetworkNamespace) throws(PluginError) {
    do throws(SystemError) {
      try namespace.run { () throws(SystemError) in
        switch duplicateAddressDetection {
        case .skipped: break
        case .disabled: try? KernelSetting("net/ipv6/conf/\(name)/accept_dad").write("0")
        case .enabled:
          try? KernelSetting("net/ipv6/conf/\(name)/enhanced_dad").write("1")
          try? KernelSetting("net/ipv6/conf/\(name)/accept_dad").write("1")
        }
        if announcesAddresses { try? KernelSetting("net/ipv4/conf/\(name)/arp_notify").write("1") }
        guard hasIPv6 else { return }
        for link in ["lo", name] {
          // A kernel without IPv6 has no such setting; it refuses the address itself, with a better reason.
          guard let value = try? KernelSetting("net/ipv6/conf/\(link)/disable_ipv6").read(), value != "0" else {
            continue
          }
          try KernelSetting("net/ipv6/conf/\(link)/disable_ipv6").write("0")
        }
        // Without it the interface would lose its addresses when somebody takes it down and up again.
        try? KernelSetting("net/ipv6/conf/\(name)/keep_addr_on_down").write("1")
      }
    } catch {
      throw PluginError(.internal, "failed to enable IPv6 for interface \(quoted(name)): \(error)")
    }
  }
}

extension Route {
  /// The kernel's route for one of a result.
  ///
  /// - Parameter defaultGateway: What a route without a gateway goes through, unless it says that its destination is on
  ///   the link (scope 253) or on this host (254). A gateway of `0.0.0.0` or `::` says so too.
  init(_ route: AttachmentRoute, linkIndex: UInt32, defaultGateway: IPAddress?) {
    let scope = route.scope ?? Int(Scope.universe.rawValue)
    var gateway = route.gateway
    if gateway == nil && scope < Int(Scope.link.rawValue) { gateway = defaultGateway }
    if let given = gateway, given.isUnspecified { gateway = nil }
    self.init(to: route.destination)
    self.gateway = gateway
    self.linkIndex = linkIndex
    self.scope = Scope(rawValue: UInt8(truncatingIfNeeded: scope))
    self.priority = route.priority.flatMap { $0 > 0 ? UInt32(clamping: $0) : nil }
    if let table = route.table, table > 0 { self.table = RouteTable(rawValue: UInt32(clamping: table)) }
    self.mtu = route.mtu.flatMap { $0 > 0 ? UInt32(clamping: $0) : nil }
    self.advertisedMSS = route.advertisedMSS.flatMap { $0 > 0 ? UInt32(clamping: $0) : nil }
  }
}

internal import CNI
internal import NetworkAddresses
internal import RouteNetlink

/// What is to be done so that packets leave by the interface whose address they come from: decided as a whole, before
/// anything is changed, out of the rules and routes that are there.
struct RoutingPlan {
  /// The lowest table that is taken.
  private static let firstTable: UInt32 = 100

  /// The rules that send the packets of each address to a table.
  private(set) var rules: [RoutingRule] = []

  /// The tables that are filled, one for each address.
  private(set) var tables: [RouteTable] = []

  /// What the tables are filled with.
  private(set) var routes: [Route] = []

  /// Routes of the main table that say which source address the networks of the link are reached with.
  private(set) var hints: [Route] = []

  /// The routes that leave the main table, in the order in which they can be put back.
  private(set) var removed: [Route] = []

  /// Sends the packets of each address to a table that somebody else fills.
  init(_ addresses: [AttachmentAddress], to table: RouteTable) {
    for address in addresses { rules.append(RoutingRule(from: address.address.address, table: table)) }
  }

  /// Gives each address a table of its own: a default route through its gateway, and the routes of the interface that
  /// serve it.
  ///
  /// - Parameters:
  ///   - link: The index of the interface.
  ///   - presentRules: All rules of the container.
  ///   - presentRoutes: All routes of the container, in all tables.
  init(
    _ addresses: [AttachmentAddress], of link: UInt32, _ configuration: SourceBasedRoutingConfiguration,
    presentRules: [RoutingRule], presentRoutes: [Route]
  ) {
    // A route with several ways belongs to no single interface.
    let ofLink = presentRoutes.filter { $0.table == .main && $0.linkIndex == link }
    var candidate = Self.firstTable
    for address in addresses {
      while presentRules.contains(where: { $0.table.rawValue == candidate })
        || presentRoutes.contains(where: { $0.table.rawValue == candidate })
      { candidate += 1 }
      let table = RouteTable(rawValue: candidate)
      candidate += 1
      tables.append(table)
      rules.append(RoutingRule(from: address.address.address, table: table))
      fill(table, for: address, ofLink, link, configuration)
      if configuration.addsSourceHints { addHint(address, link) }
    }
    // Those without a gateway first: when they are put back in this order, the kernel finds the way to each gateway.
    for hasGateway in [false, true] {
      for route in ofLink where (route.gateway != nil) == hasGateway && leavesMain(route, configuration) {
        if addresses.contains(where: { route.isOfFamily(of: $0) }) { removed.append(route) }
      }
    }
    // One that is there already, of an ADD whose record was lost, stays what it is.
    removed.removeAll { route in hints.contains { route.isEqual(toHint: $0) } }
    hints.removeAll { hint in ofLink.contains { $0.isEqual(toHint: hint) } }
  }

  private mutating func fill(
    _ table: RouteTable, for address: AttachmentAddress, _ ofLink: [Route], _ link: UInt32,
    _ configuration: SourceBasedRoutingConfiguration
  ) {
    var defaultRoute: Route?
    if let gateway = configuration.gateway(of: address), gateway.family == address.address.address.family {
      defaultRoute = Route(to: gateway.family == .ipv4 ? .defaultIPv4 : .defaultIPv6, via: gateway, linkIndex: link)
    }
    // A gateway that the configuration names goes before a default route that is there; one of the result does not.
    let isConfigured = defaultRoute != nil && configuration.gateways.contains { $0 == defaultRoute?.gateway }
    for var route in ofLink where route.serves(address) {
      if route.destination.isDefault && route.hasUsualPriority {
        if isConfigured { continue }
        defaultRoute = nil
      }
      route.table = table
      routes.append(route)
    }
    // Last: the kernel looks for the way to the gateway.
    if var defaultRoute {
      defaultRoute.table = table
      routes.append(defaultRoute)
    }
  }

  /// Of several addresses in one network the last one is the source.
  private mutating func addHint(_ address: AttachmentAddress, _ link: UInt32) {
    let cidr = address.address
    if cidr.isHost { return }
    hints.removeAll { $0.destination == cidr.network }
    hints.append(
      Route(
        to: cidr.network, source: cidr.address, linkIndex: link,
        scope: cidr.address.family == .ipv4 ? .link : .universe))
  }

  private func leavesMain(_ route: Route, _ configuration: SourceBasedRoutingConfiguration) -> Bool {
    // Without it neighbours do not find each other (RFC 4861).
    if route.destination.address.family == .ipv6 && route.destination.address.isLinkLocalUnicast { return false }
    if !configuration.addsSourceHints { return true }
    // IPv6 has no scopes of routes.
    let isOnLink = route.destination.address.family == .ipv4 ? route.scope == .link : route.gateway == nil
    return !isOnLink || hints.contains { $0.destination == route.destination }
  }
}

extension Route {
  fileprivate func isOfFamily(of address: AttachmentAddress) -> Bool {
    destination.address.family == address.address.address.family
  }

  /// Whether packets from an address may take this route: its source or its gateway is in the address' network, or it has
  /// neither.
  fileprivate func serves(_ address: AttachmentAddress) -> Bool {
    guard isOfFamily(of: address) else { return false }
    if source == nil && gateway == nil { return true }
    for other in [source, gateway] {
      if let other, address.address.contains(other) { return true }
    }
    return false
  }

  /// Whether the kernel takes the two for the same route. It says a priority also where none was asked for.
  fileprivate func isEqual(toHint hint: Route) -> Bool {
    destination == hint.destination && source == hint.source && gateway == nil && scope == hint.scope
      && origin == hint.origin && hasUsualPriority
  }

  /// Whether it has the priority that the kernel gives to a route without one.
  fileprivate var hasUsualPriority: Bool {
    guard let priority else { return true }
    return priority == (destination.address.family == .ipv4 ? 0 : 1024)
  }
}

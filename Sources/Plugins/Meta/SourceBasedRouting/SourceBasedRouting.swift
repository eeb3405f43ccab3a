internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import NetworkNamespaces
internal import RouteNetlink
internal import State
internal import SystemPackage

/// The `sbr` plugin (source-based routing): what a container with several interfaces sends from an address leaves by the
/// interface that has it, since each address has a routing table of its own.
struct SourceBasedRouting: ChainedPlugin {
  let name = "sbr"

  /// How long a plugin waits for another one that changes the rules of the same container, in seconds.
  private static let patience = 20

  // MARK: ADD

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let configuration = try SourceBasedRoutingConfiguration(call)
    let result = try call.requiredPreviousResult("This plugin must be called as chained plugin")
    let addresses = try addresses(of: result, call)
    let namespace = try openNamespace(of: call)
    // The reference locks the same file, so that nobody takes a table that somebody else is about to take.
    try system { () throws(SystemError) in
      try lock(namespace.descriptor, .exclusive, seconds: Self.patience, subject: call.namespacePath)
    }
    let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
    let link = try interface(call, in: container)

    return try transaction(call) { attachment throws(PluginError) in
      if let table = configuration.table {
        let plan = RoutingPlan(addresses, to: table)
        try attachment.announce { $0.owned = RoutingRecord(plan, link: nil).texts }
        try carryOut(plan, in: container)
      } else {
        let plan = try netlink { () throws(NetlinkError) in
          RoutingPlan(
            addresses, of: link.index, configuration, presentRules: try container.rules(),
            presentRoutes: try container.routes())
        }
        try attachment.announce { $0.owned = RoutingRecord(plan, link: link.index).texts }
        try carryOut(plan, in: container)
      }
      return result
    }
  }

  /// The main table keeps its routes until the new ones are there: there is always a way.
  private func carryOut(_ plan: RoutingPlan, in container: borrowing RouteSocket) throws(PluginError) {
    // A hint takes no other route's place: that may be another interface's in the same network.
    let additions =
      plan.routes.map { RouteRequest.addRoute($0, mode: .replace) } + plan.hints.map { .addRoute($0, mode: .create) }
      + plan.rules.map { .addRule($0) }
    try netlink { () throws(NetlinkError) in
      try container.perform(additions)
      for error in container.performAll(plan.removed.map { .deleteRoute($0) }) {
        if let error, error.code != .noSuchProcess { throw error }
      }
    }
  }

  /// The addresses of the result that are not another interface's.
  private func addresses(of result: AttachmentResult, _ call: Call) throws(PluginError) -> [AttachmentAddress] {
    if result.addresses.isEmpty { throw PluginError("No IP addresses supplied on interface: \(call.interfaceName)") }
    var addresses: [AttachmentAddress] = []
    for address in result.addresses {
      if let index = address.interface, result.interfaces.indices.contains(index),
        result.interfaces[index].name != call.interfaceName
      {
        continue
      }
      addresses.append(address)
    }
    return addresses
  }

  private func interface(_ call: Call, in container: borrowing RouteSocket) throws(PluginError) -> Link {
    guard let link = try netlink({ () throws(NetlinkError) in try container.link(named: call.interfaceName) }) else {
      throw PluginError("Cannot find network interface \(call.interfaceName): Link not found")
    }
    return link
  }

  // MARK: DEL and GC

  func takeBack(_ record: AttachmentRecord, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    switch namespace {
    case .some(let namespace):
      // A path can lead to another namespace by now.
      if try !record.wasMade(in: namespace) { return }
      let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
      let changes = RoutingRecord(record.owned)
      let link = try netlink { () throws(NetlinkError) in
        try container.link(named: record.attachment.interfaceName)
      }
      var failures = FailureList()
      if let link, changes.tellsOf(link) {
        failures.collect { () throws(PluginError) in try restoreRoutes(changes, of: link.index, in: container) }
      }
      failures.collect { () throws(PluginError) in try delete(changes.rules, in: container) }
      try failures.throwIfAny()
    case nil: break
    }
  }

  /// Answers that say that a route is there, or is gone, or can no longer be: without its link (`ENODEV`), while that is
  /// down (`ENETDOWN`), without a way to its gateway (`ENETUNREACH`, `EHOSTUNREACH`), without its source address
  /// (`EINVAL`).
  private static let answersOfNoConcern: [Errno] = [
    .fileExists, .noSuchProcess, .noSuchDevice, .networkDown, .networkUnreachable, .noRouteToHost, .invalidArgument,
  ]

  /// Puts the routes of an interface back into the main table, and empties the tables that were made of them.
  ///
  /// - Throws: When a route may be missing that could be there. The record still tells of it.
  private func restoreRoutes(
    _ changes: RoutingRecord, of link: UInt32, in container: borrowing RouteSocket
  ) throws(PluginError) {
    var requests: [RouteRequest] = []
    for var route in changes.hints {
      route.linkIndex = link
      requests.append(.deleteRoute(route))
    }
    for var route in changes.removed {
      route.linkIndex = link
      requests.append(.addRoute(route, mode: .create))
    }
    for table in changes.tables {
      let routes = try netlink { () throws(NetlinkError) in
        try container.routes(RouteFilter(table: table, linkIndex: link))
      }
      for route in routes { requests.append(.deleteRoute(route)) }
    }
    for error in container.performAll(requests) {
      if let error, !Self.answersOfNoConcern.contains(error.code) { throw PluginError(error) }
    }
  }

  /// What the reference would delete: the rules for the addresses that the interface has now.
  func takeBackUnrecorded(_ call: Call, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    switch namespace {
    case .some(let namespace):
      let table = SourceBasedRoutingConfiguration.table(of: call)
      let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
      let rules = try netlink { () throws(NetlinkError) -> [RoutingRule] in
        guard let link = try container.link(named: call.interfaceName) else { return [] }
        let addresses = try container.addresses(of: link.index)
        return try container.rules().filter { rule in
          (table == nil || rule.table == table)
            && addresses.contains { rule.isFor($0.cidr.address) }
        }
      }
      try delete(rules, in: container)
    case nil: break
    }
  }

  private func delete(_ rules: [RoutingRule], in container: borrowing RouteSocket) throws(PluginError) {
    for error in container.performAll(rules.map { .deleteRule($0) }) {
      if let error, error.code != .noSuchFileOrDirectory { throw PluginError(error) }
    }
  }

  // MARK: CHECK and STATUS

  func check(_ call: Call) throws(PluginError) {
    let configuration = try SourceBasedRoutingConfiguration(call)
    let result = try call.requiredPreviousResult("This plugin must be called as chained plugin")
    let addresses = try addresses(of: result, call)
    let namespace = try openNamespace(of: call)
    let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
    let link = try interface(call, in: container)
    let rules = try netlink { () throws(NetlinkError) in try container.rules() }
    let routes = try netlink { () throws(NetlinkError) in
      try container.routes(RouteFilter(linkIndex: link.index))
    }
    for address in addresses {
      let source = address.address.address
      guard
        let rule = rules.first(where: {
          $0.isFor(source) && (configuration.table == nil || $0.table == configuration.table)
        })
      else {
        let wanted = configuration.table.map { " to table \($0)" } ?? ""
        throw PluginError("there is no rule for packets from \(source)\(wanted)")
      }
      guard configuration.table == nil, let gateway = configuration.gateway(of: address) else { continue }
      // Without one in the configuration, a default route that the main table had may go through another gateway.
      let isConfigured = configuration.gateways.contains(gateway)
      let isThere = routes.contains {
        $0.table == rule.table && $0.destination.isDefault && $0.destination.address.family == source.family
          && (!isConfigured || $0.gateway == gateway)
      }
      if !isThere { throw PluginError("table \(rule.table) has no default route through \(gateway)") }
    }
  }

  func status(_ call: Call) throws(PluginError) {
    _ = try SourceBasedRoutingConfiguration(call)
    do throws(NetlinkError) {
      _ = try RouteSocket().rules(.ipv4)
    } catch {
      throw PluginError(.unavailable, "the kernel has no routing rules: \(error)")
    }
    try Readiness(call: call, addressManager: nil).check()
  }
}

extension RoutingRule {
  /// Whether the rule is for the packets from one address, and for all of them.
  fileprivate func isFor(_ source: IPAddress) -> Bool {
    self
      == RoutingRule(
        source.family, from: CIDR(host: source), priority: priority, table: table, origin: origin)
  }
}

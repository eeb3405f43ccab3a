internal import CNI
internal import Conntrack
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink

/// The flows of UDP that connection tracking sends on as it did before, whatever the rules say by now: its clients go on
/// for ever with the same ports. Connections of TCP and SCTP end by themselves.
enum StaleFlows {
  /// Ends the flows to ports of this machine that have just been published, and that lead to somewhere else.
  static func end(before ports: [PublishedPort]) throws(PluginError) {
    let filters = ports.filter { $0.transport == .udp }.map(\.flows)
    if filters.isEmpty || isAllQuiet { return }
    try netlink { () throws(NetlinkError) in
      let routes = try RouteSocket()
      _ = try ConntrackSocket().deleteFlows(matchingAnyOf: filters) { flow in
        // To the same port of another machine, by way of this one, is not to a port of this one.
        let route = try? routes.route(to: flow.original.destination)
        guard route?.type == .local else { return false }
        return !ports.contains { $0.answered.matches(flow) }
      }
    }
  }

  /// Ends the flows that came through ports that are not published any more.
  static func end(after ports: [PublishedPort]) throws(PluginError) {
    let filters = ports.filter { $0.transport == .udp }.map(\.answered)
    if filters.isEmpty || isAllQuiet { return }
    try netlink { () throws(NetlinkError) in
      _ = try ConntrackSocket().deleteFlows(matchingAnyOf: filters)
    }
  }

  /// Whether nothing is tracked in this namespace. To find out that none of the flows is to one port the kernel goes
  /// through its table of connections, which is as large as the machine: milliseconds for each family.
  private static var isAllQuiet: Bool { (try? KernelSetting("net/netfilter/nf_conntrack_count").read()) == "0" }
}

extension PublishedPort {
  /// The flows to it, whoever answers; if it is published for all addresses, those to other machines, too.
  fileprivate var flows: FlowFilter {
    FlowFilter(
      to: hostPort, at: hostAddress.isUnspecified ? nil : hostAddress, family: family, transport: transport.number)
  }

  /// The flows to it that the container answers.
  fileprivate var answered: FlowFilter { flows.answered(by: containerAddress, port: containerPort) }
}

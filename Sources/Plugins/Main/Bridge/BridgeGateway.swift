internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink
internal import SystemPackage

/// The gateway of a bridge's containers: addresses of the host, on the bridge or on the link that stands for its VLAN.
struct BridgeGateway {
  let configuration: BridgeConfiguration

  /// The gateway's addresses with the prefix lengths of the containers' subnets.
  let addresses: [CIDR]

  /// Completes the addresses of a result with gateways, and the routes with default routes, as the configuration says.
  ///
  /// - Returns: The gateway; without addresses where the configuration wants none.
  /// - Throws: When an address without a gateway has no neighbour in its subnet that could be one.
  static func plan(_ configuration: BridgeConfiguration, _ result: inout AttachmentResult) throws(PluginError)
    -> BridgeGateway
  {
    guard configuration.isGateway else { return BridgeGateway(configuration: configuration, addresses: []) }
    var addresses: [CIDR] = []
    for index in result.addresses.indices {
      let cidr = result.addresses[index].address
      guard let gateway = result.addresses[index].gateway ?? cidr.firstNeighbor else {
        throw PluginError(.internal, "isGateway: \(cidr) has no room for a gateway and none was given")
      }
      result.addresses[index].gateway = gateway
      if let address = CIDR(address: gateway, prefixLength: cidr.prefixLength), !addresses.contains(address) {
        addresses.append(address)
      }
    }
    if configuration.isDefaultGateway {
      for family in [AddressFamily.ipv4, .ipv6] {
        guard let gateway = result.gateway(for: family) else { continue }
        result.addDefaultRoute(through: gateway)
      }
    }
    return BridgeGateway(configuration: configuration, addresses: addresses)
  }

  /// Puts the addresses where they belong and lets the host forward packets.
  ///
  /// - Returns: The link that stands for the VLAN, where there is one.
  func establish(on bridge: inout BridgeLink, host: borrowing RouteSocket) throws(PluginError) -> Link? {
    if addresses.isEmpty { return nil }
    let vlanLink = configuration.vlans.access == 0 ? nil : try vlanLink(of: &bridge, host: host)
    try addAddresses(to: vlanLink ?? bridge.link, of: &bridge, host: host)
    try enableForwarding(for: [.ipv4, .ipv6].filter { family in addresses.contains { $0.address.family == family } })
    return vlanLink
  }

  private func addAddresses(to link: Link, of bridge: inout BridgeLink, host: borrowing RouteSocket) throws(PluginError)
  {
    let present = try netlink { () throws(NetlinkError) in try host.addresses(of: link.index) }
    let missing = addresses.filter { address in !present.contains { $0.cidr == address } }
    if missing.isEmpty { return }

    var requests: [RouteRequest] = []
    for conflict in present {
      guard let gateway = missing.first(where: { isConflict(conflict.cidr, with: $0) }) else { continue }
      guard configuration.forcesAddress else {
        throw PluginError(
          .internal,
          "failed to set bridge addr: \(quoted(link.name)) already has an IP address different from \(gateway)",
          details: "it has \(conflict.cidr); forceAddress replaces it")
      }
      requests.append(.deleteAddress(conflict, from: link.index))
    }
    for address in missing {
      var gateway = LinkAddress(address)
      // The bridge's own address cannot be taken: the containers' come from the same range.
      if address.address.family == .ipv6 { gateway.flags.insert(.noDuplicateDetection) }
      requests.append(.addAddress(gateway, to: link.index))
      bridge.additions.addresses.append((address, link.index))
    }
    try perform(requests, on: host)
    try pinAddress(of: link, host: host)
  }

  /// Another ADD may have added or removed the same address in the meantime.
  private func perform(_ requests: [RouteRequest], on host: borrowing RouteSocket) throws(PluginError) {
    for error in host.performAll(requests) {
      guard let error, error.code != .fileExists, error.code != .addressNotAvailable else { continue }
      throw PluginError(error).during("failed to set bridge addr")
    }
  }

  /// Whether an address of the link stands in the way of a gateway's: any other IPv4 address, or an IPv6 address of a
  /// subnet that overlaps.
  private func isConflict(_ present: CIDR, with gateway: CIDR) -> Bool {
    guard present.address.family == gateway.address.family, !addresses.contains(present) else { return false }
    return switch gateway.address.family {
    case .ipv4: true
    case .ipv6: present.overlaps(gateway)
    }
  }

  /// Gives the link the hardware address that it has. An address that was given stays, and with it what the containers
  /// know of their gateway; one that was not is the lowest of the ports' and changes as they come and go. A bridge that
  /// has lost its ports shows zeros, which nobody can be given.
  private func pinAddress(of link: Link, host: borrowing RouteSocket) throws(PluginError) {
    guard link.kind == "bridge" else { return }
    let address = link.address.flatMap { $0.isZero ? nil : $0 } ?? .random(using: randomNumber())
    try netlink { () throws(NetlinkError) in
      try host.perform([.setLink(.index(link.index), LinkChanges(address: address))])
    }
  }

  /// Finds or makes the link `<bridge>.<vlan>`: one end of a veth pair whose other end is a port of the bridge in that
  /// VLAN.
  private func vlanLink(of bridge: inout BridgeLink, host: borrowing RouteSocket) throws(PluginError) -> Link {
    let name = "\(configuration.bridge).\(configuration.vlans.access)"
    if let problem = linkNameProblem(name) {
      throw PluginError(.invalidConfiguration, "failed to create vlan interface \(quoted(name)): \(problem)")
    }
    if let link = try netlink({ () throws(NetlinkError) in try host.link(named: name) }) { return link }

    var near = LinkSpecification(name: name)
    near.address = .random(using: randomNumber())
    near.mtu = bridge.link.mtu
    var port = LinkSpecification(name: derivedLinkName(of: "bridge", name))
    port.kind = .veth(VethSpecification(peer: near))
    port.address = .random(using: randomNumber())
    port.mtu = bridge.link.mtu
    port.master = bridge.link.index
    port.isUp = true
    let request = RouteRequest.addLink(port)
    let isNew = try netlink { () throws(NetlinkError) in try host.perform(request, tolerating: [.fileExists]) }
    guard let link = try netlink({ () throws(NetlinkError) in try host.link(named: name) }),
      let made = try netlink({ () throws(NetlinkError) in try host.link(named: port.name) })
    else { throw PluginError(.internal, "failed to create vlan interface \(quoted(name))") }
    if isNew {
      bridge.additions.links.append(link.index)
      var vlans = configuration.vlans
      vlans.trunk = nil
      try vlans.apply(to: made.index, on: host)
    }
    try netlink { () throws(NetlinkError) in try host.perform([.setLink(.index(link.index), LinkChanges(isUp: true))]) }
    return link
  }
}

extension CIDR {
  /// The first address of the subnet after the network's own, which is the gateway's by custom. It is never this
  /// address itself.
  fileprivate var firstNeighbor: IPAddress? {
    guard let first = network.address.next, contains(first), first != address else {
      // Two addresses: both are for hosts (RFC 3021).
      return !isHost && network.address != address ? network.address : nil
    }
    return first
  }
}

extension AttachmentResult {
  /// Adds the default route of the gateway's family, unless there is one already. One without a gateway is completed:
  /// two of them would be refused.
  fileprivate mutating func addDefaultRoute(through gateway: IPAddress) {
    let isDefault = { (route: AttachmentRoute) in
      route.destination.isDefault && route.destination.address.family == gateway.family && route.table == nil
    }
    if routes.contains(where: isDefault) { return }
    let destination: CIDR = gateway.family == .ipv4 ? .defaultIPv4 : .defaultIPv6
    routes.append(AttachmentRoute(destination: destination, gateway: gateway))
  }
}

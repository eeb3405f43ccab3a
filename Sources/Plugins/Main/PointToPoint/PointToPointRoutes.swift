internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink

/// Who reaches whom over a link between a container and the host: each address of the container through its gateway,
/// which is an address of the host's end.
struct PointToPointRoutes {
  /// An address of the container and its gateway.
  private struct Address {
    let cidr: CIDR
    let gateway: IPAddress
  }

  private let addresses: [Address]

  /// Takes the addresses of the container's interface.
  ///
  /// - Throws: When one has no gateway: there would be no address for the host's end.
  init(_ given: [AttachmentAddress]) throws(PluginError) {
    var addresses: [Address] = []
    for address in given {
      guard let gateway = address.gateway, gateway.family == address.address.address.family else {
        throw PluginError(
          .internal, "address \(address.address) has no gateway", details: "ptp gives it to the host's end of the link")
      }
      addresses.append(Address(cidr: address.address, gateway: gateway))
    }
    self.addresses = addresses
  }

  /// The families of the addresses.
  var families: [AddressFamily] {
    [.ipv4, .ipv6].filter { family in addresses.contains { $0.gateway.family == family } }
  }

  /// The routes of the container to the gateways, and through them to its own subnets.
  func containerRoutes(through link: UInt32) -> [Route] {
    var routes: [Route] = []
    for address in addresses {
      var toGateway = Route(to: CIDR(host: address.gateway))
      toGateway.linkIndex = link
      toGateway.scope = .link
      toGateway.source = address.cidr.address
      if !routes.contains(toGateway) { routes.append(toGateway) }
      // An address without others in its subnet needs no way to them.
      if address.cidr.isHost { continue }
      var toSubnet = Route(to: address.cidr.network)
      toSubnet.linkIndex = link
      toSubnet.gateway = address.gateway
      toSubnet.source = address.cidr.address
      if !routes.contains(toSubnet) { routes.append(toSubnet) }
    }
    return routes
  }

  /// Gives the host's end the gateways' addresses, each for itself, and the host a route to each address of the
  /// container.
  func configureHost(_ name: String, on host: borrowing RouteSocket) throws(PluginError) {
    let link = try madeLink(name, in: host)
    var gateways: [LinkAddress] = []
    var routes: [Route] = []
    for address in addresses {
      var gateway = LinkAddress(CIDR(host: address.gateway))
      // Each host's end has the same one.
      if address.gateway.family == .ipv6 { gateway.flags.insert(.noDuplicateDetection) }
      if !gateways.contains(gateway) { gateways.append(gateway) }
      routes.append(hostRoute(to: address.cidr.address, through: link.index))
    }
    try netlink { () throws(NetlinkError) in
      try host.perform(
        gateways.map { .addAddress($0, to: link.index) } + routes.map { .addRoute($0, mode: .create) })
    }
  }

  /// Checks that the host has a route to each address of the container, through the other end of its link.
  func checkHost(peerOf link: Link, on host: borrowing RouteSocket) throws(PluginError) {
    guard let peer = link.peerIndex else { return }
    let routes = try netlink { () throws(NetlinkError) in try host.routes(RouteFilter(linkIndex: peer)) }
    for address in addresses {
      let destination = CIDR(host: address.cidr.address)
      if !routes.contains(where: { $0.destination == destination }) {
        throw PluginError(.internal, "the host has no route to \(destination) through the link of \(link.name)")
      }
    }
  }

  private func hostRoute(to address: IPAddress, through link: UInt32) -> Route {
    var route = Route(to: CIDR(host: address))
    route.linkIndex = link
    route.scope = .host
    return route
  }
}

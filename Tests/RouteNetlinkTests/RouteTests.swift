import CLinux
import Netlink
import NetworkAddresses
import RouteNetlink
import SystemPackage
import TestSupport
import Testing

@Suite("Routes")
struct RouteTests {
  /// Makes a pair of links and gives the near end addresses of both families.
  private func addNetworks(_ machine: borrowing Machine) throws -> UInt32 {
    let index = try machine.addPair("a", peer: "b")
    try machine.socket.perform([
      .addAddress(LinkAddress(try #require(CIDR("10.1.0.7/24"))), to: index),
      .addAddress(LinkAddress(try #require(CIDR("fd00::7/64")), flags: .noDuplicateDetection), to: index),
    ])
    return index
  }

  @Test("a default route", arguments: [("0.0.0.0/0", "10.1.0.1"), ("::/0", "fd00::1")])
  func defaultRoute(_ destination: String, _ gateway: String) throws {
    let machine = try Machine()
    let index = try addNetworks(machine)
    let route = Route(to: try #require(CIDR(destination)), via: IPAddress(gateway))
    try machine.socket.perform([.addRoute(route)])
    let filter = RouteFilter(family: route.destination.address.family, table: .main)
    let found = try #require(try machine.socket.routes(filter).first { $0.destination.isDefault })
    #expect(found.gateway == route.gateway)
    #expect(found.linkIndex == index)
    #expect(found.origin == .boot)
    #expect(found.type == .unicast)
    #expect(found.table == .main)
    let family = route.destination.address.family == .ipv4 ? "-4" : "-6"
    let shown = try machine.ip.list("\(family) route show default")
    #expect(shown.first?["gateway"] as? String == gateway)

    try machine.socket.perform([.deleteRoute(route)])
    #expect(try machine.socket.routes(filter).contains { $0.destination.isDefault } == false)
    let error = #expect(throws: NetlinkError.self) { try machine.socket.perform([.deleteRoute(route)]) }
    #expect(error?.description == "delete route to \(destination) via \(gateway): no such process")
  }

  @Test(
    "which route a packet would take",
    arguments: [("10.1.0.9", "10.1.0.7", "10.9.0.1"), ("fd00::9", "fd00::7", "fd09::1")])
  func lookup(_ neighbor: String, _ own: String, _ stranger: String) throws {
    let machine = try Machine()
    let index = try addNetworks(machine)
    let neighbor = try #require(IPAddress(neighbor))
    let onLink = try #require(try machine.socket.route(to: neighbor))
    #expect(onLink.linkIndex == index)
    #expect(onLink.destination == CIDR(host: neighbor))
    #expect(onLink.type == .unicast)
    let own = try #require(IPAddress(own))
    let local = try machine.socket.route(to: own)
    #expect(local?.type == .local)
    let stranger = try #require(IPAddress(stranger))
    #expect(try machine.socket.route(to: stranger) == nil)
  }

  @Test(
    "every key that a CNI route may have",
    arguments: [
      ("10.9.0.0/16", "10.1.0.1", 100), ("fd09::/32", "fd00::1", 100), ("10.9.0.0/16", "10.1.0.1", 4_000_000_000),
      ("fd09::/32", "fd00::1", 70000), ("10.9.0.0/16", "10.1.0.1", 255),
    ] as [(String, String, UInt32)])
  func everyKey(_ destination: String, _ gateway: String, _ table: UInt32) throws {
    let machine = try Machine()
    let index = try addNetworks(machine)
    let route = Route(
      to: try #require(CIDR(destination)), via: IPAddress(gateway), linkIndex: index, priority: 77,
      table: RouteTable(rawValue: table), mtu: 1280, advertisedMSS: 1200)
    try machine.socket.perform([.addRoute(route)])
    let filter = RouteFilter(family: route.destination.address.family, table: RouteTable(rawValue: table))
    let found = try #require(
      try machine.socket.routes(filter).first { $0.destination == route.destination && $0.type == .unicast })
    #expect(found == route)

    let family = route.destination.address.family == .ipv4 ? "-4" : "-6"
    let shown = try #require(
      try machine.ip.list("\(family) route show table \(table)").first { $0["dst"] as? String == destination })
    #expect(shown["metric"] as? Int == 77)
    let metrics = (shown["metrics"] as? [Oracle.Object])?.first
    #expect(metrics?["mtu"] as? Int == 1280)
    #expect(metrics?["advmss"] as? Int == 1200)
    try machine.socket.perform([.deleteRoute(route)])
    #expect(try machine.socket.routes(filter).contains(route) == false)
  }

  @Test("a scope, a source and a route without a gateway")
  func scopeAndSource() throws {
    let machine = try Machine()
    let index = try addNetworks(machine)
    let route = Route(
      to: try #require(CIDR("10.9.0.0/16")), source: IPAddress("10.1.0.7"), linkIndex: index, scope: .link,
      origin: .administrator)
    try machine.socket.perform([.addRoute(route)])
    let routes = try machine.socket.routes(RouteFilter(table: .main, origin: .administrator))
    #expect(routes == [route])
    let shown = try machine.ip.list("route show 10.9.0.0/16").first
    #expect(shown?["scope"] as? String == "link")
    #expect(shown?["prefsrc"] as? String == "10.1.0.7")
    #expect(shown?["protocol"] as? String == "static")
  }

  @Test(
    "a gateway outside of every network, if it is said to be on the link",
    arguments: [
      ("0.0.0.0/0", "169.254.1.1"), ("::/0", "fe80::1"),
    ])
  func onLink(_ destination: String, _ gateway: String) throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    try machine.ip.run("address add 10.1.0.7/32 dev a")
    var route = Route(to: try #require(CIDR(destination)), via: IPAddress(gateway), linkIndex: index, isOnLink: true)
    try machine.socket.perform([.addRoute(route)])
    let found = try #require(try machine.socket.routes(RouteFilter(table: .main)).first { $0.destination.isDefault })
    #expect(found.gateway == route.gateway)
    #expect(found.isOnLink)
    guard route.destination.address.family == .ipv4 else { return }
    route.destination = try #require(CIDR("10.9.0.0/16"))
    route.isOnLink = false
    let error = #expect(throws: NetlinkError.self) { try machine.socket.perform([.addRoute(route)]) }
    #expect(error?.code == .networkUnreachable)
  }

  @Test("the kernel's reason is in the error")
  func kernelsWords() throws {
    let machine = try Machine()
    _ = try addNetworks(machine)
    let route = Route(to: try #require(CIDR("10.9.0.0/16")), via: IPAddress("192.0.2.1"))
    let error = #expect(throws: NetlinkError.self) { try machine.socket.perform([.addRoute(route)]) }
    #expect(
      error?.description
        == "add route to 10.9.0.0/16 via 192.0.2.1: network is unreachable (Nexthop has invalid gateway)")
  }

  @Test("a gateway of the other family")
  func otherFamily() throws {
    let machine = try Machine()
    let index = try addNetworks(machine)
    let route = Route(to: try #require(CIDR("10.9.0.0/16")), via: IPAddress("fd00::1"), linkIndex: index)
    try machine.socket.perform([.addRoute(route)])
    #expect(try machine.socket.routes(RouteFilter(table: .main)).contains(route))
    let shown = try machine.ip.list("route show 10.9.0.0/16").first
    #expect(shown?["via", "host"] as? String == "fd00::1")
  }

  @Test(
    "several ways to one network",
    arguments: [
      ("10.9.0.0/16", "10.1.0.1", "10.1.0.2"), ("fd09::/32", "fd00::1", "fd00::2"),
    ])
  func multipath(_ destination: String, _ first: String, _ second: String) throws {
    let machine = try Machine()
    let index = try addNetworks(machine)
    let route = Route(
      to: try #require(CIDR(destination)), priority: 9,
      nexthops: [
        .init(via: IPAddress(first), linkIndex: index, weight: 3), .init(via: IPAddress(second), linkIndex: index),
      ])
    try machine.socket.perform([.addRoute(route)])
    let family = route.destination.address.family
    let found = try machine.socket.routes(RouteFilter(family: family, table: .main))
    #expect(found.contains(route), "\(found)")
    let shown = try machine.ip.list("\(family == .ipv4 ? "-4" : "-6") route show \(destination)").first
    #expect((shown?["nexthops"] as? [Oracle.Object])?.map { $0["weight"] as? Int } == [3, 1])
    try machine.socket.perform([.deleteRoute(route)])
    #expect(try machine.socket.routes(RouteFilter(family: family, table: .main)).contains(route) == false)
  }

  @Test("what happens where there is a route already")
  func modes() throws {
    let machine = try Machine()
    _ = try addNetworks(machine)
    let network = try #require(CIDR("10.9.0.0/16"))
    let routes = (1...4).map { Route(to: network, via: IPAddress("10.1.0.\($0)")) }
    func gateways() throws -> [String?] {
      try machine.socket.routes(RouteFilter(family: .ipv4, table: .main)).filter { $0.destination == network }
        .map { $0.gateway?.description }
    }
    try machine.socket.perform([.addRoute(routes[0], mode: .exclusive)])
    let exists = #expect(throws: NetlinkError.self) {
      try machine.socket.perform([.addRoute(routes[1], mode: .exclusive)])
    }
    #expect(exists?.code == .fileExists)
    try machine.socket.perform([.addRoute(routes[1], mode: .create)])
    try machine.socket.perform([.addRoute(routes[2], mode: .append)])
    #expect(try gateways() == ["10.1.0.2", "10.1.0.1", "10.1.0.3"])
    let same = #expect(throws: NetlinkError.self) { try machine.socket.perform([.addRoute(routes[1], mode: .create)]) }
    #expect(same?.code == .fileExists)
    try machine.socket.perform([.addRoute(routes[3], mode: .replace)])
    #expect(try gateways() == ["10.1.0.4", "10.1.0.1", "10.1.0.3"])
  }

  @Test("the kernel does the choosing")
  func filter() throws {
    let machine = try Machine()
    let index = try addNetworks(machine)
    _ = try machine.addPair("c", peer: "d")
    try machine.ip.run("address add 10.2.0.1/24 dev c")
    let other = try #require(try machine.socket.link(named: "c")).index
    let ofLink = try machine.socket.routes(RouteFilter(family: .ipv4, table: .main, linkIndex: other))
    #expect(ofLink.map(\.destination.description) == ["10.2.0.0/24"])
    #expect(ofLink.first?.origin == .kernel)
    #expect(ofLink.first?.source == IPAddress("10.2.0.1"))
    #expect(try machine.socket.routes(RouteFilter(family: .ipv4, table: .main)).count == 2)
    #expect(try machine.socket.routes(RouteFilter(table: 12345)).isEmpty)
    #expect(try machine.socket.routes(RouteFilter(table: .local, linkIndex: index)).contains { $0.type == .local })
    let all = try machine.socket.routes()
    let families = all.map(\.destination.address.family)
    #expect(families == families.filter { $0 == .ipv4 } + families.filter { $0 == .ipv6 })
    let shown = try machine.ip.list("-4 route show table all").count + machine.ip.list("-6 route show table all").count
    // The kernel may add routes of its own for link-local addresses meanwhile, and removes none.
    let later = try machine.socket.routes()
    #expect(all.count <= shown && shown <= later.count)
    #expect(all.allSatisfy(later.contains))
    func isIPv4(_ route: Route) -> Bool { route.destination.address.family == .ipv4 }
    #expect(try all.count(where: isIPv4) == machine.ip.list("-4 route show table all").count)
  }

  @Test("a destination with host bits is the kernel's error")
  func hostBits() throws {
    let machine = try Machine()
    _ = try addNetworks(machine)
    let route = Route(to: try #require(CIDR("10.9.0.1/16")), via: IPAddress("10.1.0.1"))
    let error = #expect(throws: NetlinkError.self) { try machine.socket.perform([.addRoute(route)]) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.kernelMessage == "Invalid prefix for given prefix length")
  }

  @Test("a route that drops")
  func blackhole() throws {
    let machine = try Machine()
    let route = Route(to: try #require(CIDR("10.9.0.0/16")), type: .blackhole)
    try machine.socket.perform([.addRoute(route)])
    #expect(try machine.socket.routes(RouteFilter(family: .ipv4, table: .main)) == [route])
  }
}

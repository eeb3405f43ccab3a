import CLinux
import Netlink
import NetworkAddresses
import RouteNetlink
import SystemPackage
import TestSupport
import Testing

@Suite("Addresses of links")
struct AddressTests {
  @Test("addresses come and go", arguments: ["10.1.0.7/24", "10.1.0.7/32", "fd00::7/64", "fd00::7/128"])
  func comeAndGo(_ text: String) throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    let cidr = try #require(CIDR(text))
    let address = LinkAddress(cidr, flags: cidr.address.family == .ipv6 ? .noDuplicateDetection : [])
    try machine.socket.perform([.addAddress(address, to: index)])

    let found = try #require(try machine.socket.addresses(of: index).first { $0.cidr == cidr })
    #expect(found.peer == nil)
    #expect(found.scope == .universe)
    #expect(found.flags.contains(.permanent))
    #expect(found.linkIndex == index)
    let shown = try machine.ip.list("address show dev a").first?["addr_info"] as? [Oracle.Object]
    let info = try #require(shown?.first { $0["local"] as? String == cidr.address.description })
    #expect(info["prefixlen"] as? Int == cidr.prefixLength)
    #expect(info["scope"] as? String == "global")
    if cidr.address.family == .ipv6 {
      #expect(found.flags.contains(.noDuplicateDetection))
      #expect(!found.flags.contains(.tentative))
      #expect(info["nodad"] as? Bool == true)
    }

    let error = #expect(throws: NetlinkError.self) {
      try machine.socket.perform([.addAddress(address, to: index)])
    }
    #expect(error?.code == .fileExists)
    #expect(error?.description.hasPrefix("add address \(text) to link with index \(index): file exists") == true)
    try machine.socket.perform([.addAddress(address, to: index, replace: true)])

    try machine.socket.perform([.deleteAddress(address, from: index)])
    #expect(try machine.socket.addresses(of: index).contains { $0.cidr == cidr } == false)
    let gone = #expect(throws: NetlinkError.self) {
      try machine.socket.perform([.deleteAddress(address, from: index)])
    }
    #expect(gone?.code == .addressNotAvailable)
  }

  @Test("an address with everything")
  func everything() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    let address = LinkAddress(
      try #require(CIDR("10.1.0.7/24")), broadcast: IPAddress("10.1.0.255"), label: "a:web", scope: .link,
      flags: .noPrefixRoute)
    try machine.socket.perform([.addAddress(address, to: index)])
    let found = try #require(try machine.socket.addresses(of: index, family: .ipv4).first)
    #expect(found.broadcast == IPAddress("10.1.0.255"))
    #expect(found.label == "a:web")
    #expect(found.scope == .link)
    #expect(found.flags == [.noPrefixRoute, .permanent])
    #expect(
      try machine.socket.routes(RouteFilter(table: .main)).contains { $0.destination == found.cidr.network } == false)
  }

  @Test("an address with another end", arguments: [("10.1.0.7/32", "10.1.0.1"), ("fd00::7/128", "fd00::1")])
  func peer(_ text: String, _ peer: String) throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    let cidr = try #require(CIDR(text))
    try machine.socket.perform([
      .addAddress(LinkAddress(cidr, peer: IPAddress(peer), flags: .noDuplicateDetection), to: index)
    ])
    let found = try #require(try machine.socket.addresses(of: index).first { $0.cidr == cidr })
    #expect(found.peer?.description == peer)
    let shown = try machine.ip.list("address show dev a").first?["addr_info"] as? [Oracle.Object]
    #expect(shown?.contains { $0["address"] as? String == peer } == true)
  }

  @Test("the kernel gives the addresses of one link only")
  func filter() throws {
    let machine = try Machine()
    let a = try machine.addPair("a", peer: "b")
    let c = try machine.addPair("c", peer: "d")
    try machine.ip.run("address add 10.1.0.1/24 dev a")
    try machine.ip.run("address add 10.2.0.1/24 dev c")
    #expect(try machine.socket.addresses(of: a, family: .ipv4).map(\.cidr.description) == ["10.1.0.1/24"])
    #expect(try machine.socket.addresses(of: c, family: .ipv4).map(\.cidr.description) == ["10.2.0.1/24"])
    #expect(try machine.socket.addresses(family: .ipv4).count == 2)
    #expect(try machine.socket.addresses(of: a, family: .ipv6).allSatisfy { $0.cidr.address.family == .ipv6 })
    let error = #expect(throws: NetlinkError.self) { _ = try machine.socket.addresses(of: 4711) }
    #expect(error?.code == .operationNotSupportedByDevice)
    #expect(error?.operation == "list addresses of link with index 4711")
  }

  @Test("without a word about duplicates an IPv6 address is tentative first")
  func tentative() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    let address = LinkAddress(try #require(CIDR("fd00::7/64")))
    try machine.socket.perform([.addAddress(address, to: index)])
    let found = try #require(try machine.socket.addresses(of: index).first { $0.cidr == address.cidr })
    #expect(found.flags.contains(.tentative))
  }
}

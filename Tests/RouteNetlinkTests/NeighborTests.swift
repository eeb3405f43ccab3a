import CLinux
import Netlink
import NetworkAddresses
import RouteNetlink
import SystemPackage
import TestSupport
import Testing

@Suite("Neighbours")
struct NeighborTests {
  @Test("neighbours come, change and go", arguments: ["10.1.0.9", "fd00::9"])
  func comeAndGo(_ text: String) throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    let address = try #require(IPAddress(text))
    let first = Neighbor(address, hardwareAddress: MACAddress("02:00:00:00:00:01"), on: index)
    let second = Neighbor(address, hardwareAddress: MACAddress("02:00:00:00:00:02"), on: index, state: .reachable)

    try machine.socket.perform([.addNeighbor(first)])
    #expect(try machine.socket.neighbors(of: index, family: address.family).contains(first))
    let error = #expect(throws: NetlinkError.self) { try machine.socket.perform([.addNeighbor(second)]) }
    #expect(error?.description == "add neighbour \(text) on link with index \(index): file exists")

    try machine.socket.perform([.replaceNeighbor(second)])
    let found = try #require(try machine.socket.neighbors(of: index).first { $0.address == address })
    #expect(found.hardwareAddress == second.hardwareAddress)
    let shown = try machine.ip.list("neighbour show dev a").first { $0["dst"] as? String == text }
    #expect(shown?["lladdr"] as? String == "02:00:00:00:00:02")

    try machine.socket.perform([.deleteNeighbor(address, on: index)])
    #expect(
      try machine.socket.neighbors(of: index).contains { $0.address == address && $0.state != .failed } == false)
  }

  @Test("the kernel gives the neighbours on one link only")
  func filter() throws {
    let machine = try Machine()
    let a = try machine.addPair("a", peer: "b")
    let c = try machine.addPair("c", peer: "d")
    let mac = MACAddress("02:00:00:00:00:01")
    let onA = Neighbor(try #require(IPAddress("10.1.0.9")), hardwareAddress: mac, on: a)
    let onC = Neighbor(try #require(IPAddress("10.2.0.9")), hardwareAddress: mac, on: c)
    try machine.socket.perform([.addNeighbor(onA), .addNeighbor(onC)])
    #expect(try machine.socket.neighbors(of: a, family: .ipv4) == [onA])
    #expect(try machine.socket.neighbors(of: c, family: .ipv4) == [onC])
    #expect(Set(try machine.socket.neighbors(family: .ipv4)) == [onA, onC])
  }
}

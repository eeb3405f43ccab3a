import CLinux
import Netlink
import NetworkAddresses
import NetworkNamespaces
import RouteNetlink
import SystemPackage
import TestSupport
import Testing

@Suite("Links: veth")
struct VethTests {
  @Test("one message makes a pair across two namespaces, with all its settings")
  func pairAcrossNamespaces() throws {
    let host = try Machine()
    let container = try Machine()
    try host.socket.perform([.addLink(LinkSpecification(name: "br0", kind: .bridge(), isUp: true))])
    let bridge = try #require(try host.socket.link(named: "br0"))
    let near = try #require(MACAddress("0a:58:0a:01:00:01"))
    let far = try #require(MACAddress("0a:58:0a:01:00:07"))

    try host.socket.perform([
      .addLink(
        LinkSpecification(
          name: "veth0",
          kind: .veth(
            VethSpecification(
              peer: LinkSpecification(name: "eth0", mtu: 1400, address: far, transmitQueues: 1, receiveQueues: 1),
              peerNamespace: container.namespace.namespace.descriptor)),
          mtu: 1400, address: near, master: bridge.index, isUp: true, transmitQueues: 1, receiveQueues: 1, group: 77))
    ])

    let veth = try #require(try host.socket.link(named: "veth0"))
    let peer = try #require(try container.socket.link(named: "eth0"))
    #expect(veth.kind == "veth")
    #expect(veth.isUp)
    #expect(veth.master == bridge.index)
    #expect(veth.address == near)
    #expect(veth.mtu == 1400)
    #expect(veth.group == 77)
    #expect(veth.transmitQueues == 1)
    #expect(veth.receiveQueues == 1)
    #expect(veth.peerIndex == peer.index)
    #expect(veth.linkNamespaceID != nil)
    #expect(peer.peerIndex == veth.index)
    #expect(peer.address == far)
    #expect(peer.mtu == 1400)
    #expect(!peer.isUp)

    let shown = try host.ip.link("veth0")
    #expect(shown["master"] as? String == "br0")
    #expect(shown["address"] as? String == "0a:58:0a:01:00:01")
    #expect(shown["mtu"] as? Int == 1400)
    #expect(shown["num_tx_queues"] as? Int == 1)
    #expect(shown["num_rx_queues"] as? Int == 1)
    #expect(shown["group"] as? String == "77")
    let shownPeer = try container.ip.link("eth0")
    #expect(shownPeer["address"] as? String == "0a:58:0a:01:00:07")
    #expect(shownPeer["num_tx_queues"] as? Int == 1)
  }

  @Test("a name that is taken is the kernel's error in our words")
  func nameTaken() throws {
    let machine = try Machine()
    _ = try machine.addPair("eth0", peer: "eth1")
    let error = #expect(throws: NetlinkError.self) {
      _ = try machine.addPair("eth0", peer: "eth2")
    }
    #expect(error?.description == #"add veth "eth0": file exists"#)
    #expect(error?.code == .fileExists)
    #expect(try machine.socket.link(named: "eth2") == nil)
  }

  @Test("the far end cannot be up from the start")
  func farEndUp() throws {
    let machine = try Machine()
    let error = #expect(throws: NetlinkError.self) {
      try machine.socket.perform([
        .addLink(
          LinkSpecification(
            name: "a", kind: .veth(VethSpecification(peer: LinkSpecification(name: "b", isUp: true)))))
      ])
    }
    #expect(error?.code == .socketNotConnected)
  }
}

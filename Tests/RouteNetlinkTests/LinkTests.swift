import CLinux
import Netlink
import NetworkAddresses
import NetworkNamespaces
import RouteNetlink
import SystemPackage
import TestSupport
import Testing

@Suite("Links")
struct LinkTests {
  @Test("the loopback goes up and down")
  func loopback() throws {
    let machine = try Machine()
    let loopback = try #require(try machine.socket.link(named: "lo"))
    #expect(loopback.flags.contains(.loopback))
    #expect(loopback.kind == nil)
    #expect(loopback.mtu == 65536)
    #expect(!loopback.isUp)
    try machine.socket.perform([.setLink(.index(loopback.index), LinkChanges(isUp: true))])
    #expect(try #require(try machine.socket.link(at: loopback.index)).isUp)
    #expect(try (machine.ip.link("lo")["flags"] as? [String])?.contains("UP") == true)
    try machine.socket.perform([.setLink(.name("lo"), LinkChanges(isUp: false))])
    #expect(try #require(try machine.socket.link(named: "lo")).isUp == false)
  }

  @Test("no such link is nil, not an error", arguments: ["", "nowhere", "a-name-that-is-longer-than-fifteen-bytes"])
  func missing(_ name: String) throws {
    let machine = try Machine()
    #expect(try machine.socket.link(named: name) == nil)
    #expect(try machine.socket.link(at: 4711) == nil)
  }

  @Test("a name with a NUL in it never reaches the kernel, which would read half of it")
  func impossible() throws {
    let machine = try Machine()
    let error = #expect(throws: NetlinkError.self) { _ = try machine.socket.link(named: "lo\0o") }
    #expect(error?.description == #"find link "lo\x00o": invalid argument"#)
  }

  @Test("a link is found by an alternative name")
  func alternativeName() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    try machine.ip.run("link property add dev a altname front altname the-name-nobody-can-type")
    let link = try #require(try machine.socket.link(named: "the-name-nobody-can-type"))
    #expect(link.index == index)
    #expect(link.name == "a")
    #expect(link.alternativeNames == ["front", "the-name-nobody-can-type"])
    try machine.socket.perform([.deleteLink(.name("the-name-nobody-can-type"))])
    #expect(try machine.socket.link(at: index) == nil)
  }

  @Test("every change shows")
  func changes() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    try machine.socket.perform([.addLink(LinkSpecification(name: "br0", kind: .bridge()))])
    let bridge = try #require(try machine.socket.link(named: "br0"))
    let address = try #require(MACAddress("02:00:00:00:00:09"))
    try machine.socket.perform([
      .setLink(.index(index), LinkChanges(isUp: false)),
      .setLink(
        .index(index),
        LinkChanges(
          name: "c", mtu: 1300, address: address, master: bridge.index, isPromiscuous: true,
          alias: "für Menschen", group: 99, transmitQueueLength: 7)),
    ])

    let link = try #require(try machine.socket.link(named: "c"))
    #expect(link.index == index)
    #expect(!link.isUp)
    #expect(link.mtu == 1300)
    #expect(link.address == address)
    #expect(link.master == bridge.index)
    #expect(link.isPromiscuous)
    #expect(link.promiscuityCount == 2)
    #expect(link.alias == "für Menschen")
    #expect(link.group == 99)
    #expect(link.transmitQueueLength == 7)

    let shown = try machine.ip.link("c")
    #expect(shown["mtu"] as? Int == 1300)
    #expect(shown["address"] as? String == "02:00:00:00:00:09")
    #expect(shown["master"] as? String == "br0")
    #expect(shown["promiscuity"] as? Int == 2)
    #expect(shown["ifalias"] as? String == "für Menschen")
    #expect(shown["group"] as? String == "99")
    #expect(shown["txqlen"] as? Int == 7)

    try machine.socket.perform([.setLink(.name("c"), LinkChanges(master: 0, isPromiscuous: false))])
    let freed = try #require(try machine.socket.link(named: "c"))
    #expect(freed.master == nil)
    #expect(freed.promiscuityCount == 0)
    #expect(freed.mtu == 1300)
  }

  @Test("a link takes in the packets for all groups, or no longer", arguments: [true, false])
  func allMulticast(_ wanted: Bool) throws {
    let machine = try Machine()
    _ = try machine.addPair("a", peer: "b")
    try machine.ip.run("link set dev a allmulticast \(wanted ? "off" : "on")")
    try machine.socket.perform([.setLink(.name("a"), LinkChanges(takesAllMulticast: wanted))])
    #expect(try #require(try machine.socket.link(named: "a")).takesAllMulticast == wanted)
    let flags = try machine.ip.link("a")["flags"] as? [String]
    #expect(flags?.contains("ALLMULTI") == wanted)
  }

  @Test("a link moves to another namespace")
  func moves() throws {
    let machine = try Machine()
    let other = try Machine()
    let index = try machine.addPair("a", peer: "b")
    try machine.socket.perform([
      .setLink(.index(index), LinkChanges(namespaceDescriptor: other.namespace.namespace.descriptor))
    ])
    #expect(try machine.socket.link(named: "a") == nil)
    #expect(try other.socket.link(named: "a")?.kind == "veth")
  }

  @Test("to delete one end of a pair deletes both")
  func deletes() throws {
    let machine = try Machine()
    _ = try machine.addPair("a", peer: "b")
    try machine.socket.perform([.deleteLink(.name("b"))])
    #expect(try machine.socket.link(named: "a") == nil)
    let error = #expect(throws: NetlinkError.self) { try machine.socket.perform([.deleteLink(.name("b"))]) }
    #expect(error?.description == #"delete link "b": no such device"#)
    #expect(
      try machine.socket.perform(.deleteLink(.index(4711)), tolerating: [.operationNotSupportedByDevice]) == false)
  }

  @Test("a group of links goes in one message")
  func deletesGroup() throws {
    let machine = try Machine()
    for pair in 0..<5 {
      let index = try machine.addPair("a\(pair)", peer: "b\(pair)")
      if pair < 4 { try machine.socket.perform([.setLink(.index(index), LinkChanges(group: 5))]) }
    }
    try machine.socket.perform([.deleteLinks(group: 5)])
    #expect(try machine.socket.links().map(\.name).sorted() == ["a4", "b4", "lo"])
    let error = #expect(throws: NetlinkError.self) { try machine.socket.perform([.deleteLinks(group: 0)]) }
    #expect(error?.code == .notPermitted)
  }

  @Test("the list is that of ip(8)")
  func list() throws {
    let machine = try Machine()
    for pair in 0..<20 { _ = try machine.addPair("a\(pair)", peer: "b\(pair)") }
    let shown = try machine.ip.list("link show")
    let links = try machine.socket.links()
    #expect(links.count == 41)
    #expect(links.map(\.name) == shown.map { $0["ifname"] as? String })
    #expect(links.map { Int($0.index) } == shown.map { $0["ifindex"] as? Int })
    #expect(links.map { $0.address?.description } == shown.map { $0["address"] as? String })
    #expect(links.map { $0.kind } == shown.map { $0["linkinfo", "info_kind"] as? String })
  }

  @Test("the operational state is that of the other end")
  func operationalState() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    #expect(try machine.socket.link(at: index)?.operationalState == .up)
    try machine.socket.perform([.setLink(.name("b"), LinkChanges(isUp: false))])
    #expect(try machine.socket.link(at: index)?.operationalState.description == "lower-layer-down")
  }
}

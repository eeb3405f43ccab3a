import CLinux
import Netlink
import RouteNetlink
import SystemPackage
import TestSupport
import Testing

@Suite("Bridges")
struct BridgeTests {
  @Test("a bridge is made, and is one")
  func create() throws {
    let machine = try Machine()
    try machine.socket.perform([.addLink(LinkSpecification(name: "br0", kind: .bridge(), mtu: 1400, isUp: true))])
    let bridge = try #require(try machine.socket.link(named: "br0"))
    #expect(bridge.kind == "bridge")
    #expect(bridge.mtu == 1400)
    #expect(bridge.isUp)
    #expect(bridge.bridge != nil)
    #expect(bridge.bridgePort == nil)
    #expect(try machine.ip.link("br0")["linkinfo", "info_kind"] as? String == "bridge")
    let error = #expect(throws: NetlinkError.self) {
      try machine.socket.perform([.addLink(LinkSpecification(name: "br0", kind: .bridge()))])
    }
    #expect(error?.description == #"add bridge "br0": file exists"#)
  }

  @Test("settings of a port", arguments: [true, false])
  func port(_ isOn: Bool) throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    try machine.socket.perform([.addLink(LinkSpecification(name: "br0", kind: .bridge(), isUp: true))])
    let bridge = try #require(try machine.socket.link(named: "br0"))
    try machine.socket.perform([
      .setLink(.index(index), LinkChanges(master: bridge.index)),
      // The opposite first, so that the second message has something to change.
      .setBridgePort(
        .index(index),
        BridgePortSettings(
          hairpin: !isOn, isolated: !isOn, learning: !isOn, floods: !isOn, guardsSpanningTree: !isOn)),
      .setBridgePort(
        .name("a"),
        BridgePortSettings(
          hairpin: isOn, isolated: isOn, learning: isOn, floods: isOn, guardsSpanningTree: isOn)),
    ])
    let port = try #require(try machine.socket.link(at: index)?.bridgePort)
    #expect(port.hairpin == isOn)
    #expect(port.isolated == isOn)
    #expect(port.learning == isOn)
    #expect(port.floods == isOn)
    #expect(port.guardsSpanningTree == isOn)
    #expect(port.state == .forwarding)
    let shown = try machine.ip.link("a")
    for name in ["hairpin", "isolated", "learning", "flood", "guard"] {
      #expect(shown["linkinfo", "info_slave_data", name] as? Bool == isOn, "\(name)")
    }
  }

  @Test("one setting leaves the others alone")
  func onePortSetting() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    try machine.ip.run("link add br0 type bridge")
    try machine.ip.run("link set dev a master br0")
    try machine.socket.perform([.setBridgePort(.index(index), BridgePortSettings(isolated: true))])
    let port = try #require(try machine.socket.link(at: index)?.bridgePort)
    #expect(port.isolated == true)
    #expect(port.hairpin == false)
    #expect(port.learning == true)
  }

  @Test("what is no port has no settings of one")
  func noPort() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    let error = #expect(throws: NetlinkError.self) {
      try machine.socket.perform([.setBridgePort(.index(index), BridgePortSettings(hairpin: true))])
    }
    #expect(error?.description.hasPrefix("set bridge port with index \(index): ") == true)
  }

  @Test("VLANs of a port")
  func vlans() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    // A kernel without VLANs on bridges refuses the setting, or takes it and forgets it.
    let filtering = RouteRequest.addLink(
      LinkSpecification(name: "br0", kind: .bridge(vlanFiltering: true), isUp: true))
    let isMade = try machine.socket.perform(filtering, tolerating: [Errno(rawValue: EOPNOTSUPP)])
    let made = try machine.socket.link(named: "br0")
    guard isMade, let bridge = made, bridge.bridge?.vlanFiltering != nil else {
      try skip("the kernel has no VLANs on bridges (CONFIG_BRIDGE_VLAN_FILTERING)")
    }
    #expect(bridge.bridge?.vlanFiltering == true)
    try machine.socket.perform([.setLink(.index(index), LinkChanges(master: bridge.index))])
    #expect(try machine.socket.bridgeVLANs(of: index) == [BridgeVLAN(id: 1, isPVID: true, isUntagged: true)])
    try machine.socket.perform([
      .deleteBridgeVLAN(port: index, id: 1), .addBridgeVLAN(port: index, id: 100, pvid: true, untagged: true),
      .addBridgeVLAN(port: index, id: 200),
    ])
    #expect(
      try machine.socket.bridgeVLANs(of: index)
        == [BridgeVLAN(id: 100, isPVID: true, isUntagged: true), BridgeVLAN(id: 200)])
    try machine.socket.perform([.setVLANFiltering(false, of: .name("br0"))])
    #expect(try machine.socket.link(named: "br0")?.bridge?.vlanFiltering == false)
  }

  @Test("a port of a bridge without VLANs is a member of none")
  func noVLANs() throws {
    let machine = try Machine()
    let index = try machine.addPair("a", peer: "b")
    #expect(try machine.socket.bridgeVLANs(of: index).isEmpty)
  }
}

import NFTables
import NetworkAddresses
import TestSupport
import Testing

/// Our batch and a script for nft make the same rules.
@Suite("Batches that equal a script")
struct LayoutTests {
  @Test("masquerading")
  func masquerading() throws {
    let table = TableReference(family: .inet, name: "swift-cni")
    let base = Chain.Base(.nat, .postrouting, priority: 100)
    let comment = "net/c1/eth0"
    let (v4, v6) = (try #require(IPAddress("10.1.0.2")), try #require(IPAddress("fd00::2")))
    let (net4, net6) = (try #require(IPAddress("10.1.0.0")), try #require(IPAddress("fd00::")))
    func chain(_ name: String) -> ChainReference { ChainReference(table, name) }
    func set(_ name: String) -> SetReference { SetReference(table, name) }

    var batch = Batch()
    batch.add(Table(table, comment: "container networks"))
    batch.add(SetDefinition(set("masqueraded4"), key: [.ipv4Address], comment: "container addresses"))
    batch.add(SetDefinition(set("own-subnet4-24"), key: [.ipv4Address, .ipv4Address]))
    batch.add(SetDefinition(set("masqueraded6"), key: [.ipv6Address]))
    batch.add(SetDefinition(set("own-subnet6-64"), key: [.ipv6Address, .ipv6Address]))
    batch.add(Chain(chain("masquerading"), base: base))
    batch.add(Chain(chain("masquerading4")))
    batch.add(Chain(chain("masquerading6")))
    batch.add(Chain(chain("own-subnets4"), comment: "not masqueraded"))
    batch.add(Chain(chain("own-subnets6")))
    batch.append(
      Rule(
        .ipv4, .match(.sourceAddress(.ipv4), in: "masqueraded4"), .goTo("masquerading4"),
        comment: "first packets of containers"), to: chain("masquerading"))
    batch.append(
      Rule(.ipv6, .match(.sourceAddress(.ipv6), in: "masqueraded6"), .goTo("masquerading6")),
      to: chain("masquerading"))
    batch.append(Rule(.jump("own-subnets4")), to: chain("masquerading4"))
    batch.append(
      Rule(.ipv4, .match(.destinationAddress(.ipv4), in: try #require(CIDR("224.0.0.0/4"))), .return),
      to: chain("masquerading4"))
    batch.append(Rule(.masquerade()), to: chain("masquerading4"))
    batch.append(Rule(.jump("own-subnets6")), to: chain("masquerading6"))
    batch.append(
      Rule(.ipv6, .match(.destinationAddress(.ipv6), in: try #require(CIDR("ff00::/8"))), .return),
      to: chain("masquerading6"))
    batch.append(Rule(.masquerade(.fullyRandom)), to: chain("masquerading6"))
    batch.append(
      Rule(
        .ipv4,
        .match(
          .sourceAddress(.ipv4), .destinationAddress(.ipv4).network(prefixLength: 24), in: "own-subnet4-24"),
        .accept), to: chain("own-subnets4"))
    batch.append(
      Rule(
        .ipv6,
        .match(
          .sourceAddress(.ipv6), .destinationAddress(.ipv6).network(prefixLength: 64), in: "own-subnet6-64"),
        .accept), to: chain("own-subnets6"))
    batch.create(SetElement(ElementKey(.address(v4)), comment: comment), in: set("masqueraded4"))
    batch.create(SetElement(ElementKey(.address(v6)), comment: comment), in: set("masqueraded6"))
    batch.create(
      SetElement(ElementKey(.address(v4), .address(net4)), comment: comment), in: set("own-subnet4-24"))
    batch.create(
      SetElement(ElementKey(.address(v6), .address(net6)), comment: comment), in: set("own-subnet6-64"))
    try expectLayout(of: batch, equals: "masquerading")
  }

  @Test("published ports")
  func publishing() throws {
    let table = TableReference(family: .inet, name: "swift-cni")
    func chain(_ name: String) -> ChainReference { ChainReference(table, name) }
    func set(_ name: String) -> SetReference { SetReference(table, name) }
    let bit: UInt32 = 0x2000
    let loopback = try #require(CIDR("127.0.0.0/8"))
    let ports: [DataType] = [.layer4Protocol, .port]
    let value4 = SetDefinition.Value.data([.ipv4Address, .port])
    let value6 = SetDefinition.Value.data([.ipv6Address, .port])

    var batch = Batch()
    batch.add(Table(table))
    batch.add(SetDefinition(set("host-ports4"), key: ports, value: value4))
    batch.add(SetDefinition(set("host-address-ports4"), key: [.ipv4Address] + ports, value: value4))
    batch.add(SetDefinition(set("host-ports6"), key: ports, value: value6))
    batch.add(SetDefinition(set("host-address-ports6"), key: [.ipv6Address] + ports, value: value6))
    batch.add(SetDefinition(set("published4"), key: [.ipv4Address]))
    batch.add(SetDefinition(set("published-subnet4-24"), key: [.ipv4Address, .ipv4Address]))
    batch.add(SetDefinition(set("localnet-links"), key: [.interfaceName]))
    batch.add(Chain(chain("publishing-in"), base: Chain.Base(.nat, .prerouting, priority: -100)))
    batch.add(Chain(chain("publishing-out"), base: Chain.Base(.nat, .output, priority: -100)))
    batch.add(Chain(chain("host-ports")))
    batch.add(Chain(chain("publishing-return"), base: Chain.Base(.nat, .postrouting, priority: 99)))
    batch.add(Chain(chain("published")))
    batch.add(Chain(chain("localnet"), base: Chain.Base(.filter, .prerouting, priority: -300)))
    for name in ["publishing-in", "publishing-out"] {
      batch.append(Rule(.toLocalAddress, .goTo("host-ports")), to: chain(name))
    }
    batch.append(Rule(.setMark(bit)), to: chain("host-ports"))
    for (family, number) in [(AddressFamily.ipv4, "4"), (.ipv6, "6")] {
      batch.append(
        Rule(
          .family(family),
          .destinationNAT(
            family, .destinationAddress(family), .layer4Protocol, .destinationPort,
            map: "host-address-ports" + number)),
        to: chain("host-ports"))
      batch.append(
        Rule(.destinationNAT(family, .layer4Protocol, .destinationPort, map: "host-ports" + number)),
        to: chain("host-ports"))
    }
    batch.append(Rule(.clearMark(bit)), to: chain("host-ports"))
    batch.append(Rule(.mark(has: bit), .goTo("published")), to: chain("publishing-return"))
    batch.append(Rule(.clearMark(bit)), to: chain("published"))
    batch.append(
      Rule(
        .ipv4, .match(.sourceAddress(.ipv4), in: loopback), .match(.destinationAddress(.ipv4), in: "published4"),
        .masquerade()), to: chain("published"))
    batch.append(
      Rule(
        .ipv4,
        .match(
          .destinationAddress(.ipv4), .sourceAddress(.ipv4).network(prefixLength: 24), in: "published-subnet4-24"),
        .masquerade()), to: chain("published"))
    batch.append(
      Rule(
        .match(.inputInterfaceName, in: "localnet-links"), .ipv4, .match(.destinationAddress(.ipv4), in: loopback),
        .drop), to: chain("localnet"))
    let (first, second) = (ElementPart.address(try ip("10.1.0.2")), ElementPart.address(try ip("10.1.0.3")))
    batch.create(
      [
        SetElement(
          ElementKey(.protocol(6), .port(8080)), data: ElementKey(first, .port(80)), comment: "net/c1/eth0"),
        SetElement(ElementKey(.protocol(17), .port(53)), data: ElementKey(first, .port(53)), comment: "net/c1/eth0"),
      ], in: set("host-ports4"))
    batch.create(
      SetElement(
        ElementKey(.address(try ip("192.0.2.7")), .protocol(132), .port(8080)), data: ElementKey(second, .port(80)),
        comment: "net/c2/eth0"), in: set("host-address-ports4"))
    batch.create(
      SetElement(
        ElementKey(.address(try ip("2001:db8::7")), .protocol(6), .port(8080)),
        data: ElementKey(.address(try ip("fd00::3")), .port(80)), comment: "net/c2/eth0"),
      in: set("host-address-ports6"))
    batch.create(SetElement(ElementKey(.interfaceName("cni0")), comment: "net"), in: set("localnet-links"))
    try expectLayout(of: batch, equals: "publishing")
  }

  @Test("forwarding")
  func forwarding() throws {
    let table = TableReference(family: .inet, name: "swift-cni")
    func chain(_ name: String) -> ChainReference { ChainReference(table, name) }
    let accepted = SetReference(table, "accepted4")
    var batch = Batch()
    batch.add(Table(table))
    batch.add(SetDefinition(accepted, key: [.ipv4Address]))
    batch.add(SetElement(ElementKey(.address(try ip("10.1.0.2")))), to: accepted)
    batch.add(Chain(chain("forwarding"), base: Chain.Base(.filter, .forward, priority: -10)))
    batch.add(Chain(chain("accepting")))
    batch.add(Chain(chain("forwarding-end"), base: Chain.Base(.filter, .forward, priority: 10, policy: .drop)))
    batch.append(
      Rule(
        .connection(state: [.established, .related]), .ipv4, .match(.destinationAddress(.ipv4), in: "accepted4"),
        .goTo("accepting")), to: chain("forwarding"))
    batch.append(
      Rule(.ipv4, .match(.sourceAddress(.ipv4), in: "accepted4"), .goTo("accepting")), to: chain("forwarding"))
    batch.append(Rule(.connection(status: .destinationTranslated), .accept), to: chain("forwarding"))
    batch.append(
      Rule(
        .match(.inputInterfaceName, equals: .interfaceName("eth0")),
        .match(.outputInterfaceName, differsFrom: .interfaceName("cni0")),
        .match(.layer4Protocol, equals: .protocol(6)), .match(.destinationPort, equals: .port(22)), .reject),
      to: chain("forwarding"))
    batch.append(Rule(.setMark(0x1000)), to: chain("accepting"))
    batch.append(Rule(.counter, .accept), to: chain("accepting"))
    batch.append(Rule(.clearMark(0x1000)), to: chain("forwarding-end"))

    let filter = TableReference(family: .ip, name: "filter")
    let forward = ChainReference(filter, "FORWARD")
    batch.add(Table(filter))
    batch.add(Chain(forward, base: Chain.Base(.filter, .forward, priority: 0)))
    batch.append(
      Rule(
        .match(.sourceAddress(.ipv4), notIn: try #require(CIDR("10.0.0.0/8"))),
        .match(.internetProtocol, equals: .protocol(6)), .return), to: forward)
    batch.insert(
      Rule(.mark(has: 0x1000), .counter, .accept, comment: "accepted by swift-cni"), atFrontOf: forward)
    try expectLayout(of: batch, equals: "forwarding")
  }

  @Test("spoofing, in a bridge")
  func bridge() throws {
    let table = TableReference(family: .bridge, name: "swift-cni")
    let chain = ChainReference(table, "spoofing")
    let (links, addresses) = (SetReference(table, "links"), SetReference(table, "addresses"))
    let link = ElementPart.interfaceName("veth1")
    let address = try #require(MACAddress("0a:58:0a:01:00:02"))
    var batch = Batch()
    batch.add(Table(table))
    batch.add(SetDefinition(links, key: [.interfaceName]))
    batch.add(SetDefinition(addresses, key: [.interfaceName, .hardwareAddress]))
    batch.add(Chain(chain, base: Chain.Base(.filter, .prerouting, priority: -300)))
    batch.append(
      Rule(
        .match(.inputInterfaceName, in: "links"),
        .match(.inputInterfaceName, .sourceHardwareAddress, notIn: "addresses"), .drop), to: chain)
    batch.add(SetElement(ElementKey(link)), to: links)
    batch.add(SetElement(ElementKey(link, .hardwareAddress(address)), comment: "net/c1/eth0"), to: addresses)
    try expectLayout(of: batch, equals: "bridge")
  }

}

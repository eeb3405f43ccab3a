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
    try expect(batch, equals: "masquerading")
  }

  /// The batch makes what the script makes, and nft reads what it prints.
  private func expect(_ batch: Batch, equals name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let official = try Machine()
    try official.tools.script(try script(name))
    let expected = try official.tools.ruleset()
    let machine = try Machine()
    try machine.socket.commit(batch)
    #expect(try machine.tools.ruleset() == expected, sourceLocation: sourceLocation)
    let again = try Machine()
    try again.tools.script(expected)
    #expect(try again.tools.ruleset() == expected, sourceLocation: sourceLocation)
  }
}

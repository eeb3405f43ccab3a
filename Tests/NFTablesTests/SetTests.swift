import NFTables
import NetworkAddresses
import TestSupport
import Testing

@Suite("Sets and maps")
struct SetTests {
  private let table = TableReference(family: .inet, name: "t")

  private func set(_ name: String) -> SetReference { SetReference(table, name) }

  private func key(_ address: String) throws -> ElementKey { ElementKey(.address(try ip(address))) }

  private func interval(_ first: String, _ last: String, comment: String? = nil) throws -> SetElement {
    SetElement(try key(first), through: try key(last), comment: comment)
  }

  private func addIntervals(to batch: inout Batch) throws {
    batch.add(SetDefinition(set("intervals"), key: [.ipv4Address], hasIntervals: true))
    batch.add(
      [
        try interval("0.0.0.0", "0.255.255.255"), try interval("10.0.0.0", "10.255.255.255"),
        try interval("11.0.0.0", "11.0.0.5", comment: "hi"), try interval("192.0.2.1", "192.0.2.1"),
        try interval("255.255.255.0", "255.255.255.255"),
      ], to: set("intervals"))
    let concatenated = set("concatenated-intervals")
    batch.add(SetDefinition(concatenated, key: [.ipv4Address, .port], hasIntervals: true))
    batch.add(
      [
        SetElement(
          ElementKey(.address(try ip("10.0.0.0")), .port(80)),
          through: ElementKey(.address(try ip("10.255.255.255")), .port(90)), comment: "x"),
        SetElement(
          ElementKey(.address(try ip("192.168.1.1")), .port(22)),
          through: ElementKey(.address(try ip("192.168.1.1")), .port(22))),
      ], to: concatenated)
    let verdicts = set("interval-verdicts")
    batch.add(SetDefinition(verdicts, key: [.port], value: .verdict, hasIntervals: true))
    batch.add(
      [
        SetElement(ElementKey(.port(0)), through: ElementKey(.port(1023)), value: .verdict(.drop)),
        SetElement(ElementKey(.port(1024)), through: ElementKey(.port(65535)), value: .verdict(.accept)),
      ], to: verdicts)
  }

  private func addMaps(to batch: inout Batch) throws {
    batch.add(SetDefinition(set("verdicts"), key: [.interfaceName, .hardwareAddress], value: .verdict))
    let verdicts: [Verdict] = [.jump("there"), .accept, .goTo("there"), .drop, .return]
    for (index, verdict) in verdicts.enumerated() {
      let address = ElementPart.hardwareAddress(MACAddress(rawValue: 0x0200_0000_0001 + UInt64(index)))
      batch.add(
        SetElement(
          ElementKey(.interfaceName("eth\(index)"), address), value: .verdict(verdict),
          comment: index == 0 ? "c" : nil), to: set("verdicts"))
    }
    batch.add(
      SetDefinition(
        set("marks"), key: [.ipv6Address], value: .data([.mark]), comment: "with spaces, 'quotes', äöü and \\ {}"))
    batch.add(
      SetElement(try key("fd00::1"), data: ElementKey(.mark(0x1234_5678)), comment: "a; b # c"), to: set("marks"))
  }

  private func addTimeouts(to batch: inout Batch) throws {
    batch.add(SetDefinition(set("timeouts"), key: [.port], timeout: 3_600_000, maximumCount: 100))
    batch.add(SetElement(ElementKey(.port(80))), to: set("timeouts"))
    batch.add(SetDefinition(set("own-timeouts"), key: [.layer4Protocol], hasTimeouts: true))
    batch.add(SetElement(ElementKey(.protocol(6))), to: set("own-timeouts"))
  }

  private var rules: [Rule] {
    get throws {
      [
        Rule(.ethernet, .verdict(.inputInterfaceName, .sourceHardwareAddress, map: "verdicts")),
        Rule(.ipv6, .setMark(.sourceAddress(.ipv6), map: "marks")),
        Rule(
          .ipv4, .match(.sourceAddress(.ipv4), notIn: "intervals"),
          .match(.destinationAddress(.ipv4), .destinationPort, in: "concatenated-intervals"), .drop),
        Rule(.sourceNAT(to: try ip("192.0.2.1"))),
        Rule(
          .match(.layer4Protocol, equals: .protocol(6)), .match(.destinationPort, equals: .port(8080)),
          .destinationNAT(to: try ip("10.1.0.2"), port: 80)),
        Rule(
          .match(.layer4Protocol, equals: .protocol(6)), .match(.destinationPort, equals: .port(8080)),
          .destinationNAT(to: try ip("fd00::2"), port: 80)),
        Rule(
          .ipv4, .match(.destinationAddress(.ipv4), in: try network("10.0.0.0/9")),
          .match(.sourceAddress(.ipv4), in: try network("10.0.0.0/24")), .return, comment: "#;{}\\ äöü"),
      ]
    }
  }

  private func addOtherFamilies(to batch: inout Batch) throws {
    func chain(_ family: TableFamily, _ name: String) -> ChainReference {
      ChainReference(TableReference(family: family, name: "t"), name)
    }
    for family in [TableFamily.ip, .ip6, .bridge] {
      batch.add(Table(TableReference(family: family, name: "t")))
      batch.add(Chain(chain(family, "c")))
    }
    batch.add(Chain(chain(.ip6, "d")))
    batch.append(
      Rule(
        .match(.sourceAddress(.ipv4), in: try network("10.0.0.0/16")), .match(.connectionMark, equals: .mark(1)),
        .drop), to: chain(.ip, "c"))
    batch.append(
      Rule(.match(.sourceAddress(.ipv6), in: try network("fd00::/63")), .jump("d")), to: chain(.ip6, "c"))
    let address = MACAddress(rawValue: 0x0200_0000_0001)
    batch.append(
      Rule(.match(.sourceHardwareAddress, equals: .hardwareAddress(address)), .drop), to: chain(.bridge, "c"))
  }

  private func everything() throws -> Batch {
    var batch = Batch()
    batch.add(Table(table))
    batch.add(Chain(ChainReference(table, "there")))
    try addIntervals(to: &batch)
    try addTimeouts(to: &batch)
    try addMaps(to: &batch)
    for rule in try rules { batch.append(rule, to: ChainReference(table, "there")) }
    try addOtherFamilies(to: &batch)
    return batch
  }

  @Test("all kinds are as nft makes them")
  func layout() throws {
    try expectLayout(of: try everything(), equals: "sets")
  }

  @Test("all kinds come back as they were made")
  func decode() throws {
    let machine = try Machine()
    try machine.socket.commit(try everything())
    #expect(try machine.socket.rules(of: ChainReference(table, "there")) == rules)

    let intervals = try machine.socket.elements(of: set("intervals"))
    #expect(
      intervals.map { "\($0.key)-\($0.lastKey?.description ?? "") \($0.comment ?? "")" } == [
        "255.255.255.0-255.255.255.255 ", "192.0.2.1-192.0.2.1 ", "11.0.0.0-11.0.0.5 hi",
        "10.0.0.0-10.255.255.255 ", "0.0.0.0-0.255.255.255 ",
      ])
    let ports = try machine.socket.elements(of: set("interval-verdicts"))
    #expect(ports.map { "\($0.key)-\($0.lastKey?.description ?? "")" } == ["1024-65535", "0-1023"])
    #expect(ports.map(\.value) == [.verdict(.accept), .verdict(.drop)])
    let concatenated = try machine.socket.elements(of: set("concatenated-intervals"))
    #expect(
      concatenated.map { "\($0.key)-\($0.lastKey?.description ?? "")" }.sorted() == [
        "10.0.0.0 . 80-10.255.255.255 . 90", "192.168.1.1 . 22-192.168.1.1 . 22",
      ])
    let verdicts = try machine.socket.elements(of: set("verdicts"))
    #expect(verdicts.first { $0.comment == "c" }?.value == .verdict(.jump("there")))
    #expect(verdicts.first { $0.comment == "c" }?.key.description == "\"eth0\" . 02:00:00:00:00:01")
    #expect(verdicts.count == 5)
    let mark = try #require(try machine.socket.elements(of: set("marks")).first)
    #expect(mark == SetElement(try key("fd00::1"), data: ElementKey(.mark(0x1234_5678)), comment: "a; b # c"))
    let timeout = try #require(try machine.socket.elements(of: set("timeouts")).first)
    #expect(timeout.expiration.map { $0 > 3_500_000 && $0 <= 3_600_000 } == true)

    let definition = try #require(try machine.socket.set(set("marks")))
    #expect(
      definition
        == SetDefinition(
          set("marks"), key: [.ipv6Address], value: .data([.mark]), comment: "with spaces, 'quotes', äöü and \\ {}"))
    #expect(
      try machine.socket.set(set("timeouts"))
        == SetDefinition(set("timeouts"), key: [.port], timeout: 3_600_000, maximumCount: 100))
    #expect(try machine.socket.set(set("concatenated-intervals"))?.hasIntervals == true)
    #expect(try machine.socket.set(set("verdicts"))?.value == .verdict)
  }

  @Test("an interval without an end goes on to the last key, one that touches it does not")
  func openIntervals() throws {
    let machine = try Machine()
    var batch = Batch()
    batch.add(Table(table))
    batch.add(SetDefinition(set("s"), key: [.ipv4Address], hasIntervals: true))
    batch.add([try interval("10.0.0.0", "10.255.255.255"), SetElement(try key("11.0.0.0"))], to: set("s"))
    try machine.socket.commit(batch)
    let intervals = try machine.socket.elements(of: set("s"))
    #expect(
      intervals.map { "\($0.key)-\($0.lastKey?.description ?? "")" } == [
        "11.0.0.0-255.255.255.255", "10.0.0.0-10.255.255.255",
      ])
    #expect(try machine.tools.ruleset().contains("10.0.0.0/8"))
  }

  @Test("an element has a timeout of its own")
  func ownTimeout() throws {
    let machine = try Machine()
    var batch = Batch()
    batch.add(Table(table))
    batch.add(SetDefinition(set("s"), key: [.ipv4Address], hasTimeouts: true))
    batch.add(SetElement(try key("10.0.0.1"), timeout: 600_000), to: set("s"))
    try machine.socket.commit(batch)
    #expect(try machine.tools.ruleset().contains("elements = { 10.0.0.1 timeout 10m }"))
    #expect(try machine.socket.element(try key("10.0.0.1"), of: set("s"))?.timeout == 600_000)
  }

  @Test("sets of types that are not known here can be listed")
  func unknownTypes() throws {
    let machine = try Machine()
    try machine.tools.script(
      """
      table inet t {
        set a { type ether_type; elements = { 0x0800 } }
        set b { type ipv4_addr . icmp_type . icmp_code; elements = { 10.0.0.1 . 3 . 4 } }
        set c { type ipv4_addr . ether_type . inet_service; elements = { 10.0.0.1 . 0x0800 . 80 } }
      }
      """)
    #expect(try machine.socket.set(set("a"))?.key.count == 1)
    #expect(try machine.socket.elements(of: set("a")).map(\.key.bytes) == [[8, 0]])
    #expect(try machine.socket.elements(of: set("b")).map(\.key.bytes) == [[10, 0, 0, 1, 3, 0, 0, 0, 4, 0, 0, 0]])
    #expect(try machine.socket.elements(of: set("c")).map(\.key.bytes) == [[10, 0, 0, 1, 8, 0, 0, 0, 0, 80, 0, 0]])
  }
}

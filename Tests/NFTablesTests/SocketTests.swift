import NFTables
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@Suite("Asking for rules, and changing them")
struct SocketTests {
  private let table = TableReference(family: .inet, name: "swift-cni")

  @Test("elements are found by key, and claimed once")
  func elements() throws {
    let machine = try Machine()
    let map = SetReference(table, "host-ports4")
    var batch = Batch()
    batch.add(Table(table))
    batch.add(
      SetDefinition(map, key: [.layer4Protocol, .port], value: .data([.ipv4Address, .port]), comment: "ports"))
    let address = try #require(IPAddress("10.1.0.2"))
    let key = ElementKey(.protocol(6), .port(8080))
    let data = ElementKey(.address(address), .port(80))
    let element = SetElement(key, data: data, comment: "net/c1/eth0")
    batch.create(element, in: map)
    try machine.socket.commit(batch)

    #expect(try machine.socket.element(key, of: map) == element)
    #expect(try machine.socket.element(ElementKey(.protocol(17), .port(8080)), of: map) == nil)
    #expect(try machine.socket.element(key, of: SetReference(table, "nowhere")) == nil)
    #expect(try machine.socket.elements(of: map) == [element])
    #expect(try machine.socket.set(map)?.comment == "ports")
    #expect(try machine.socket.table(table) == Table(table))
    #expect(try machine.socket.table(TableReference(family: .ip, name: "swift-cni")) == nil)

    var second = Batch()
    second.add(Table(table))
    second.create(SetElement(ElementKey(.protocol(17), .port(53)), data: data), in: map)
    second.create(element, in: map)
    let error = #expect(throws: BatchError.self) { try machine.socket.commit(second) }
    #expect(error?.position == 2)
    #expect(error?.code == .fileExists)
    #expect(error?.description == "add element 6 . 8080 to set \"host-ports4\": file exists")
    #expect(try machine.socket.element(ElementKey(.protocol(17), .port(53)), of: map) == nil)
  }

  @Test("a batch for another generation does nothing")
  func generation() throws {
    let machine = try Machine()
    let generation = try machine.socket.generation()
    var batch = Batch()
    batch.add(Table(table))
    try machine.socket.commit(batch)
    #expect(try machine.socket.generation() == generation + 1)
    batch = Batch(generation: generation)
    batch.delete(table)
    let error = #expect(throws: BatchError.self) { try machine.socket.commit(batch) }
    #expect(error?.code == Errno(rawValue: 85))
    #expect(error?.position == nil)
    #expect(try machine.socket.table(table) != nil)
    batch.generation = generation + 1
    try machine.socket.commit(batch)
    #expect(try machine.socket.table(table) == nil)
  }
}

import NFTables
import Netlink
import NetworkAddresses
import SystemPackage
import TestSupport
import Testing

@Suite("Batches")
struct BatchTests {
  private let table = TableReference(family: .inet, name: "t")
  private var set: SetReference { SetReference(table, "s") }

  private func key(_ number: UInt32) -> ElementKey {
    ElementKey(.address(.v4(IPv4Address(rawValue: 0x0a00_0000 + number))))
  }

  private func foundation() -> Batch {
    var batch = Batch()
    batch.add(Table(table))
    batch.add(SetDefinition(set, key: [.ipv4Address]))
    return batch
  }

  @Test("each operation that is refused is named")
  func errors() throws {
    let machine = try Machine()
    var batch = foundation()
    batch.add(Chain(ChainReference(table, "c")))
    batch.add(Chain(ChainReference(table, "used")))
    batch.append(Rule(.jump("used")), to: ChainReference(table, "c"))
    batch.append(Rule(.ipv4, .match(.sourceAddress(.ipv4), in: "s"), .drop), to: ChainReference(table, "c"))
    batch.add(SetElement(key(1)), to: set)
    try machine.socket.commit(batch)
    let nowhere = TableReference(family: .ip, name: "nowhere")

    let cases: [(String, Errno, (inout Batch) -> Void)] = [
      ("create table inet t", .fileExists, { $0.create(Table(table)) }),
      ("delete table ip nowhere", .noSuchFileOrDirectory, { $0.delete(nowhere) }),
      ("create chain inet t c", .fileExists, { $0.create(Chain(ChainReference(table, "c"))) }),
      ("add chain ip nowhere c", .noSuchFileOrDirectory, { $0.add(Chain(ChainReference(nowhere, "c"))) }),
      ("delete chain inet t used", .resourceBusy, { $0.delete(ChainReference(table, "used")) }),
      ("flush chain inet t d", .noSuchFileOrDirectory, { $0.flush(ChainReference(table, "d")) }),
      (
        "add rule \"words\" to chain inet t c", .noSuchFileOrDirectory,
        { $0.append(Rule(.jump("d"), comment: "words"), to: ChainReference(table, "c")) }
      ),
      (
        "delete rule 4711 from chain inet t c", .noSuchFileOrDirectory,
        { $0.deleteRule(handle: 4711, from: ChainReference(table, "c")) }
      ),
      ("create set inet t s", .fileExists, { $0.create(SetDefinition(set, key: [.ipv4Address])) }),
      ("delete set inet t s", .resourceBusy, { $0.delete(set) }),
      ("add element 10.0.0.1 to set \"s\"", .fileExists, { $0.create(SetElement(key(1)), in: set) }),
      ("delete element 10.0.0.2 from set \"s\"", .noSuchFileOrDirectory, { $0.delete(key(2), from: set) }),
      ("flush set \"x\"", .noSuchFileOrDirectory, { $0.flush(SetReference(table, "x")) }),
    ]
    let before = try machine.tools.ruleset()
    for (operation, code, add) in cases {
      // The refused operation in the middle, and as the last.
      for isLast in [false, true] {
        var batch = Batch()
        batch.add(SetElement(key(7)), to: set)
        add(&batch)
        if !isLast { batch.add(SetElement(key(8)), to: set) }
        let error = #expect(throws: BatchError.self) { try machine.socket.commit(batch) }
        #expect(error?.position == 1, "\(operation)")
        #expect(error?.code == code, "\(operation)")
        #expect(error?.error.operation == operation)
        #expect(try machine.tools.ruleset() == before, "\(operation)")
      }
    }
  }

  @Test("an error of the whole batch has no position")
  func invalid() throws {
    let machine = try Machine()
    // Chains that jump in a circle are found out when all operations were looked at.
    var batch = Batch()
    batch.add(Table(table))
    batch.add(Chain(ChainReference(table, "a"), base: Chain.Base(.filter, .forward, priority: 0)))
    batch.add(Chain(ChainReference(table, "b")))
    batch.append(Rule(.jump("b")), to: ChainReference(table, "a"))
    batch.append(Rule(.jump("b")), to: ChainReference(table, "b"))
    let error = #expect(throws: BatchError.self) { try machine.socket.commit(batch) }
    #expect(error?.code == .tooManyLinks)
    #expect(try machine.socket.table(table) == nil)
  }

  @Test("a text with a NUL in it is sent to nobody")
  func defect() throws {
    let machine = try Machine()
    var batch = foundation()
    batch.add(Chain(ChainReference(table, "a\0b")))
    let error = #expect(throws: BatchError.self) { try machine.socket.commit(batch) }
    #expect(error?.code == .invalidArgument)
    #expect(try machine.socket.table(table) == nil)
  }

  @Test("an empty batch is performed")
  func empty() throws {
    let machine = try Machine()
    let generation = try machine.socket.generation()
    try machine.socket.commit(Batch())
    #expect(try machine.socket.generation() == generation)
  }

  @Test("some errors are as good as success")
  func tolerating() throws {
    let machine = try Machine()
    var batch = Batch()
    batch.delete(table)
    #expect(try !machine.socket.commit(batch, tolerating: [.noSuchFileOrDirectory]))
    #expect(throws: BatchError.self) { try machine.socket.commit(batch, tolerating: [.fileExists]) }
    try machine.socket.commit(foundation())
    #expect(try machine.socket.commit(batch, tolerating: [.noSuchFileOrDirectory]))
  }

  @Test("a foundation can be laid again over what is there")
  func again() throws {
    let machine = try Machine()
    var batch = foundation()
    let chain = ChainReference(table, "c")
    batch.add(Chain(chain, base: Chain.Base(.nat, .postrouting, priority: 100), comment: "words"))
    batch.flush(chain)
    batch.append(Rule(.masquerade()), to: chain)
    try machine.socket.commit(batch)
    let once = try machine.tools.ruleset()
    try machine.socket.commit(batch)
    #expect(try machine.tools.ruleset() == once)
    #expect(once.contains("masquerade"))
    #expect(
      try machine.socket.chains(of: table)
        == [Chain(chain, base: Chain.Base(.nat, .postrouting, priority: 100), comment: "words")])
    #expect(try machine.socket.chains(of: TableReference(family: .inet, name: "u")).isEmpty)
    #expect(try machine.socket.rules(of: ChainReference(table, "d")).isEmpty)
    #expect(try machine.socket.elements(of: SetReference(table, "d")).isEmpty)
  }

  @Test("many elements in one batch, all of them listed, and all of them refused")
  func many() throws {
    let machine = try Machine()
    var batch = foundation()
    let elements = (0..<5000).map { SetElement(key($0), comment: "network/container-\($0)/eth0") }
    batch.create(elements, in: set)
    try machine.socket.commit(batch)
    let listed = try machine.socket.elements(of: set)
    #expect(Set(listed) == Set(elements))
    #expect(listed.count == 5000)

    var again = Batch()
    again.create(elements, in: set)
    for _ in 0..<3 {
      let error = #expect(throws: BatchError.self) { try machine.socket.commit(again) }
      #expect(error?.position == 0)
      #expect(error?.code == .fileExists)
      // What the kernel said of the others is not taken for the answer to something else.
      #expect(try machine.socket.element(key(4999), of: set)?.comment == "network/container-4999/eth0")
    }
    var end = Batch()
    end.delete(elements.map(\.key), from: set)
    try machine.socket.commit(end)
    #expect(try machine.socket.elements(of: set).isEmpty)
  }
}

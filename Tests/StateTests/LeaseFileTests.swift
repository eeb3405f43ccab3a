import NetworkAddresses
import Testing

@testable import State

/// What a lease file contains.
@Suite struct LeaseFileTests {
  let owner = LeaseOwner(containerID: "cid1", interfaceName: "eth0")

  @Test func contentIsTheReferencesToTheByte() {
    #expect(owner.fileContent == [0x63, 0x69, 0x64, 0x31, 0x0d, 0x0a, 0x65, 0x74, 0x68, 0x30])
  }

  @Test func contentReadsAsItsOwner() {
    #expect(LeaseHolder(fileContent: owner.fileContent) == .owner(owner))
  }

  @Test(arguments: [" \t\r\ncid1\r\neth0", "cid1\r\neth0\n", "cid1\r\neth0 \r\n\u{b}\u{c}"])
  func blanksAroundTheContentDoNotCount(_ text: String) {
    #expect(LeaseHolder(fileContent: Array(text.utf8)) == .owner(owner))
  }

  @Test(arguments: ["cid1", "cid1\n", " cid1\r\n"])
  func anIdAloneIsTheWholeContainers(_ text: String) {
    let holder = LeaseHolder(fileContent: Array(text.utf8))
    #expect(holder == .container("cid1"))
    #expect(holder.includes(owner))
    #expect(holder.includes(LeaseOwner(containerID: "cid1", interfaceName: "eth1")))
    #expect(!holder.includes(LeaseOwner(containerID: "cid2", interfaceName: "eth0")))
  }

  @Test(
    arguments: [
      [], [0x20, 0x0d, 0x0a], [0, 0, 0, 0], [0xff, 0xfe], Array("cid1\neth0".utf8), Array("cid1\reth0".utf8),
      Array("cid1\r\neth0\r\nmore".utf8), Array("a b\r\neth0".utf8), [0x63, 0, 0x0d, 0x0a, 0x65],
    ] as [[UInt8]])
  func anythingElseIsNobodys(_ content: [UInt8]) {
    let holder = LeaseHolder(fileContent: content)
    #expect(holder == .nobody)
    #expect(!holder.includes(owner))
  }
}

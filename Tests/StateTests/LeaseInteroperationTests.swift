import CLinux
import LinuxSystem
import NetworkAddresses
import TestSupport
import Testing

@testable import State

/// One store, two implementations: ours and the reference's host-local.
@Suite struct LeaseInteroperationTests {
  let directory: TemporaryDirectory
  let reference: ReferenceHostLocal
  let owner = LeaseOwner(containerID: "cid1", interfaceName: "eth0")
  let pool: AddressPool

  init() throws {
    directory = try TemporaryDirectory()
    reference = try ReferenceHostLocal(dataDirectory: directory.path)
    pool = AddressPool(number: 0, [try addressRange("10.1.0.1", "10.1.0.254", excluding: "10.1.0.1")])
  }

  @Test func ourFilesAreTheirs() throws {
    try directory.reserveNext(pool, for: owner)
    let ours = try Dictionary(uniqueKeysWithValues: directory.names(in: "n1").map { ($0, try describe($0)) })
    for name in try directory.names(in: "n1") { try removeFile(directory.file("n1/\(name)")) }
    #expect(try reference.add(owner) == "10.1.0.2")
    let theirs = try Dictionary(uniqueKeysWithValues: directory.names(in: "n1").map { ($0, try describe($0)) })
    #expect(ours == theirs)
  }

  @Test func theirLeasesAreFoundAndReleasedByOurs() throws {
    #expect(try reference.add(owner) == "10.1.0.2")
    do {
      let store = try directory.store()
      #expect(try store.leases(of: owner).map(\.address.description) == ["10.1.0.2"])
    }
    #expect(
      try directory.reserveNext(pool, for: LeaseOwner(containerID: "cid2", interfaceName: "eth0")) == "10.1.0.3")
    #expect(try directory.release(owner) == ["10.1.0.2"])
    #expect(try reference.run("CHECK", owner).status == 1)
  }

  @Test func ourLeasesAreFoundAndReleasedByTheirs() throws {
    #expect(try directory.reserveNext(pool, for: owner) == "10.1.0.2")
    #expect(try reference.run("CHECK", owner).status == 0)
    let duplicate = try reference.run("ADD", owner)
    #expect(duplicate.text.contains("10.1.0.2 has been allocated to cid1, duplicate allocation is not allowed"))
    #expect(try reference.add(LeaseOwner(containerID: "cid2", interfaceName: "eth0")) == "10.1.0.3")
    #expect(try reference.run("DEL", owner).status == 0)
    #expect(try directory.names(in: "n1") == ["10.1.0.3", "last_reserved_ip.0", "lock"])
  }

  @Test func theyGoOnAfterAWriterOfOursThatWasKilled() throws {
    try directory.write("cid1\r\neth0".utf8, to: "n1/.lease")
    #expect(try reference.add(LeaseOwner(containerID: "cid2", interfaceName: "eth0")) == "10.1.0.2")
    #expect(try reference.run("DEL", owner).status == 0)
    #expect(try directory.reserveNext(pool, for: owner) == "10.1.0.3")
  }

  @Test func bothAtOnceNeverHandOutAnAddressTwice() async throws {
    let (directory, reference, pool) = (directory, reference, pool)
    let addresses = try await withThrowingTaskGroup(of: [String].self) { group in
      for worker in 0..<2 {
        group.addTask {
          try (0..<20).map { try reference.add(LeaseOwner(containerID: "theirs\(worker)", interfaceName: "eth\($0)")) }
        }
        group.addTask {
          try (0..<60).map {
            let owner = LeaseOwner(containerID: "ours\(worker)", interfaceName: "eth\($0)")
            return try #require(try directory.reserveNext(pool, for: owner))
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(addresses.count == 160)
    #expect(Set(addresses).count == 160)
    // Every address was handed to the one whose name is in its file.
    #expect(try directory.names(in: "n1").filter { IPAddress($0) != nil }.sorted() == addresses.sorted())
  }

  /// The permissions and the content of a file of the network.
  private func describe(_ name: String) throws -> String {
    let permissions = try fileStatus(directory.file("n1/\(name)")).st_mode & 0o7777
    return "\(String(permissions, radix: 8)) \(try directory.read("n1/\(name)"))"
  }
}

/// The reference's plugin, on the network `n1` with the range 10.1.0.0/24.
struct ReferenceHostLocal: Sendable {
  let program: String
  let dataDirectory: String

  /// Skips the test where there is no reference.
  init(dataDirectory: String) throws {
    self.dataDirectory = dataDirectory
    do {
      program = try Peers.referencePlugins.plugin("host-local")
    } catch {
      try skip("\(error)")
    }
  }

  func run(_ command: String, _ owner: LeaseOwner) throws -> Program.Outcome {
    var environment = Program.plainEnvironment
    environment["CNI_COMMAND"] = command
    environment["CNI_CONTAINERID"] = owner.containerID
    environment["CNI_IFNAME"] = owner.interfaceName
    environment["CNI_NETNS"] = "/run/netns/there-is-none"
    environment["CNI_PATH"] = "/"
    let configuration = """
      {"cniVersion": "1.0.0", "name": "n1", "type": "bridge",
       "ipam": {"type": "host-local", "dataDir": "\(dataDirectory)", "ranges": [[{"subnet": "10.1.0.0/24"}]]}}
      """
    return try Program(program, environment: environment, input: Array(configuration.utf8)).run()
  }

  /// The address of a successful ADD.
  func add(_ owner: LeaseOwner) throws -> String {
    let outcome = try run("ADD", owner)
    let address = outcome.text.firstMatch(of: /"address": "([0-9.]+)\/24"/)?.output.1
    return String(try #require(outcome.status == 0 ? address : nil, "\(outcome)"))
  }
}

import CLinux
import CNI
import LinuxSystem
import NetworkAddresses
import State
import SystemPackage
import TestSupport
import Testing

@Suite("The journal of attachments")
struct JournalTests {
  let temporary: TemporaryDirectory
  let attachment = Attachment(network: "blue", containerID: "0123abc", interfaceName: "eth0")

  init() throws { temporary = try TemporaryDirectory() }

  var directory: String { temporary.path + "/journal" }

  var journal: Journal { Journal(directory: directory) }

  var record: AttachmentRecord {
    var record = AttachmentRecord(
      attachment: attachment, plugin: "bridge", namespacePath: "/run/netns/blue",
      namespace: FileIdentity(device: 4, inode: 4_026_531_833), addressManager: "host-local", startedAt: 1_700_000_000)
    record.hostLinks = [.init(name: "veth12345678", address: MACAddress(rawValue: 0x0a58_0a01_0007))]
    record.addresses = ["10.1.0.7/24", "fd00::7/64"].compactMap { CIDR($0) }
    return record
  }

  @Test("A record that was written is read again")
  func roundTrip() throws {
    var entry = try journal.begin(attachment, plugin: "bridge")
    guard case .new = entry.content else { throw Failure("not new") }
    try entry.write(record)
    try release(entry)

    let again = try journal.entry(of: attachment, plugin: "bridge")
    guard case .some(let again) = again else { throw Failure("no entry") }
    #expect(again.record == record)
  }

  @Test("A shorter record takes the place of a longer one")
  func shorterRecord() throws {
    var entry = try journal.begin(attachment, plugin: "bridge")
    try entry.write(record)
    var shorter = record
    shorter.addresses = []
    shorter.hostLinks = []
    shorter.phase = .attached
    try entry.write(shorter)
    try release(entry)
    #expect(try read() == shorter)
  }

  @Test("There is no entry before ADD and after DEL")
  func absence() throws {
    #expect(try isAbsent())
    var entry = try journal.begin(attachment, plugin: "bridge")
    try entry.write(record)
    try entry.remove()
    #expect(try isAbsent())
    #expect(try journal.attachments(of: "blue", plugin: "bridge").isEmpty)
  }

  @Test("What somebody works on is not idle; it is once the work is done")
  func lock() throws {
    var entry = try journal.begin(attachment, plugin: "bridge")
    try entry.write(record)
    #expect(try isBusy())
    try release(entry)
    #expect(try !isBusy())
  }

  @Test("A record that was removed while somebody waited for it is made anew")
  func removedWhileWaiting() throws {
    let first = try journal.begin(attachment, plugin: "bridge")
    // The file that the waiting process has opened is the one that goes away.
    let waiting = try OwnedDescriptor(opening: first.path, O_RDWR)
    let path = first.path
    try first.remove()
    let entry = try JournalEntry(locked: waiting, path: path)
    switch entry {
    case .some: Issue.record("the removed record was taken for a living one")
    case .none: break
    }
  }

  @Test("Bytes that are no record are unreadable, not a failure", arguments: ["{", "[]", "{}", "\u{0}\u{1}", "null"])
  func garbage(_ text: String) throws {
    let entry = try journal.begin(attachment, plugin: "bridge")
    let path = entry.path
    try release(entry)
    let file = try OwnedDescriptor(opening: path, O_WRONLY)
    try writeAll(file.rawValue, Array(text.utf8))
    let again = try journal.begin(attachment, plugin: "bridge")
    guard case .unreadable = again.content else { throw Failure("\(again.content)") }
  }

  @Test("A file that is too long for a record is unreadable, and the next record stands alone in it")
  func tooLong() throws {
    let entry = try journal.begin(attachment, plugin: "bridge")
    let path = entry.path
    try release(entry)
    let file = try OwnedDescriptor(opening: path, O_WRONLY)
    try writeAll(file.rawValue, [UInt8](repeating: UInt8(ascii: "x"), count: 100_000))
    var again = try journal.begin(attachment, plugin: "bridge")
    guard case .unreadable = again.content else { throw Failure("\(again.content)") }
    try again.write(record)
    try release(again)
    #expect(try read() == record)
  }

  @Test("A record that would be too long to be read is refused, and the one before it stays")
  func tooLongToWrite() throws {
    var entry = try journal.begin(attachment, plugin: "portmap")
    try entry.write(record)
    var long = record
    long.owned = Array(repeating: String(repeating: "x", count: 1 << 16), count: 65)
    #expect(throws: SystemError.self) { try entry.write(long) }
    try release(entry)
    #expect(journal.record(of: attachment, plugin: "portmap") == record)
  }

  @Test("The attachments of a network are listed; files of others are passed over")
  func listing() throws {
    for container in ["a", "b", "c.d_e-f"] {
      for interface in ["eth0", "net-1.5"] {
        let attachment = Attachment(network: "blue", containerID: container, interfaceName: interface)
        try release(journal.begin(attachment, plugin: "bridge"))
      }
    }
    try release(journal.begin(Attachment(network: "red", containerID: "a", interfaceName: "eth0"), plugin: "bridge"))
    _ = try OwnedDescriptor(opening: "\(directory)/attachments/blue/bridge/README", O_CREAT | O_WRONLY, mode: 0o600)

    let found = try journal.attachments(of: "blue", plugin: "bridge")
    #expect(
      Set(found.map(\.description)) == [
        "blue-a-eth0", "blue-a-net-1.5", "blue-b-eth0", "blue-b-net-1.5", "blue-c.d_e-f-eth0", "blue-c.d_e-f-net-1.5",
      ])
    #expect(try journal.attachments(of: "green", plugin: "bridge").isEmpty)
  }

  @Test("An interface that another network has a record of is known, its own network does not count")
  func interfaceOfAnotherNetwork() throws {
    #expect(try !journal.hasRecordOfAnotherNetwork(for: attachment))
    try release(journal.begin(attachment, plugin: "ptp"))
    #expect(try !journal.hasRecordOfAnotherNetwork(for: attachment))
    let other = Attachment(network: "red", containerID: "0123abc", interfaceName: "eth0")
    #expect(try journal.hasRecordOfAnotherNetwork(for: other))
    let differentName = Attachment(network: "red", containerID: "0123abc", interfaceName: "eth1")
    #expect(try !journal.hasRecordOfAnotherNetwork(for: differentName))
  }

  @Test("A directory that is a symbolic link to nowhere is an error, and not tried for ever")
  func danglingDirectory() throws {
    try makeDirectories("\(directory)/attachments/blue", mode: 0o700)
    #expect(symlink("/nonexistent/records", "\(directory)/attachments/blue/bridge") == 0)
    #expect(throws: SystemError.self) { try release(journal.begin(attachment, plugin: "bridge")) }
  }

  @Test("A pipe in the place of a record is an error, and not waited for")
  func pipeForRecord() throws {
    try makeDirectories("\(directory)/attachments/blue/bridge", mode: 0o700)
    #expect(mkfifo("\(directory)/attachments/blue/bridge/0123abc:eth0", 0o600) == 0)
    #expect(throws: SystemError.self) { try release(journal.begin(attachment, plugin: "bridge")) }
  }

  @Test("A symbolic link in the place of a record is not followed")
  func symbolicLink() throws {
    let entry = try journal.begin(attachment, plugin: "bridge")
    let path = entry.path
    try entry.remove()
    let target = directory + "/target"
    #expect(symlink(target, path) == 0)
    let error = #expect(throws: SystemError.self) {
      let entry = try journal.begin(attachment, plugin: "bridge")
      _ = entry.path
    }
    #expect(error?.code == .tooManySymbolicLinkLevels)
    #expect(access(target, F_OK) != 0)
  }

  @Test(
    "What is no file is an unreadable record to who takes the attachment apart, and goes with it",
    arguments: ["symbolic link", "link to a record", "pipe", "directory", "socket"])
  func obstacle(_ kind: String) throws {
    let path = "\(directory)/attachments/blue/bridge/0123abc:eth0"
    let other = Attachment(network: "blue", containerID: "other", interfaceName: "eth0")
    var target = try journal.begin(other, plugin: "bridge")
    try target.write(record)
    switch kind {
    case "symbolic link": #expect(symlink("/nonexistent/record", path) == 0)
    case "link to a record": #expect(symlink(target.path, path) == 0)
    case "pipe": #expect(mkfifo(path, 0o600) == 0)
    case "directory": #expect(mkdir(path, 0o700) == 0)
    default: #expect(mknod(path, mode_t(S_IFSOCK) | 0o600, 0) == 0)
    }
    #expect(journal.record(of: attachment, plugin: "bridge") == nil)
    #expect(try !isBusy())
    guard case .some(let entry) = try journal.entry(of: attachment, plugin: "bridge") else { throw Failure("no entry") }
    guard case .unreadable = entry.content else { throw Failure("\(entry.content)") }
    try entry.remove()
    #expect(try isAbsent())
    #expect(journal.record(of: other, plugin: "bridge") == record)
  }

  @Test("What is in a directory in the place of a record stays, and so does a record that an ADD makes meanwhile")
  func obstacleOfSomebody() throws {
    let path = "\(directory)/attachments/blue/bridge/0123abc:eth0"
    try makeDirectories(path + "/inside", mode: 0o700)
    guard case .some(let entry) = try journal.entry(of: attachment, plugin: "bridge") else { throw Failure("no entry") }
    try entry.remove()
    #expect(access(path + "/inside", F_OK) == 0)
    #expect(rmdir(path + "/inside") == 0 && rmdir(path) == 0)
    var added = try journal.begin(attachment, plugin: "bridge")
    try added.write(record)
    try entry.remove()
    #expect(journal.record(of: attachment, plugin: "bridge") == record)
  }

  @Test("Where a file is in the place of the directory there is no record")
  func fileForDirectory() throws {
    try makeDirectories("\(directory)/attachments/blue", mode: 0o700)
    _ = try OwnedDescriptor(opening: "\(directory)/attachments/blue/bridge", O_CREAT | O_WRONLY, mode: 0o600)
    #expect(try isAbsent())
    #expect(try journal.attachments(of: "blue", plugin: "bridge").isEmpty)
  }

  @Test("Only the owner reads and writes the journal")
  func permissions() throws {
    let entry = try journal.begin(attachment, plugin: "bridge")
    #expect(try fileStatus(entry.path).st_mode & 0o777 == 0o600)
    for path in ["", "/attachments", "/attachments/blue", "/attachments/blue/bridge"] {
      #expect(try fileStatus(directory + path).st_mode & 0o777 == 0o700)
    }
  }

  // MARK: Helpers

  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  private func release(_ entry: consuming JournalEntry) throws {}

  private func read() throws -> AttachmentRecord? {
    switch try journal.entry(of: attachment, plugin: "bridge") {
    case .some(let entry): entry.record
    case .none: nil
    }
  }

  private func isAbsent() throws -> Bool {
    switch try journal.entry(of: attachment, plugin: "bridge") {
    case .some: false
    case .none: true
    }
  }

  private func isBusy() throws -> Bool {
    switch try journal.idleEntry(of: attachment, plugin: "bridge") {
    case .some: false
    case .none: true
    }
  }
}

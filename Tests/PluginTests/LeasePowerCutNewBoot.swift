import TestSupport

/// The calls that a machine makes after it has started again, and what they have to answer: the boot has the whole range
/// to itself from its first call on, whatever the boot before has left.
struct NewBoot {
  private let store: HostLocalStore

  /// What went on, for the messages.
  private let place: String

  /// What each lease file has to say, by its address.
  private var held: [String: String] = [:]

  private var complaints: [String] = []

  /// Makes the calls.
  ///
  /// - Parameters:
  ///   - store: A store with a range of two addresses.
  ///   - command: The first call.
  ///   - place: Where the power went, for the messages.
  /// - Returns: What is not as it has to be. The calls are made on a thread on which nothing can be expected.
  static func complaints(
    about store: HostLocalStore, beginningWith command: String, _ place: String
  ) throws -> [String] {
    var boot = NewBoot(store: store, place: "\(place), \(command) first")
    try boot.run(beginningWith: command)
    return boot.complaints
  }

  private init(store: HostLocalStore, place: String) {
    self.store = store
    self.place = place
  }

  private mutating func run(beginningWith command: String) throws {
    if command != "ADD" {
      try expectSuccess(command, "old1", valid: command == "GC" ? [] : nil)
    }
    try add("new1")
    try add("new2")
    // Now running containers have the whole range.
    let refused = try store.call("ADD", "new3")
    if refused.errorCode != 11 { complain("ADD new3", "\(refused)") }
    try expectHeld("ADD new3")

    // A runtime that starts again sends DEL for what it remembers.
    try expectSuccess("DEL", "old1")
    held = held.filter { $0.value != HostLocalStore.content(of: "new1") }
    try expectSuccess("DEL", "new1")
    try expectSuccess("GC", valid: ["new2"])
    held = [:]
    try expectSuccess("GC", valid: [])
    let strange = try store.strangeNames()
    if strange != [] { complain("in the end", "\(strange) in the store") }
    let theirs = try store.call("ADD", "theirs", by: Peers.referencePlugins)
    if !theirs.succeeded { complain("ADD by the reference", "\(theirs)") }
  }

  /// An ADD that has to give an address that nobody has.
  private mutating func add(_ container: String) throws {
    let answer = try store.call("ADD", container)
    if let address = answer.addresses?.first, answer.succeeded {
      let other = held.updateValue(HostLocalStore.content(of: container), forKey: address)
      if let other { complain("ADD \(container)", "\(address) is that of \(other.debugDescription)") }
    } else {
      complain("ADD \(container)", "\(answer)")
    }
    try expectHeld("ADD \(container)")
  }

  /// A call that has to succeed and to leave what is held as it is.
  private mutating func expectSuccess(_ command: String, _ container: String = "", valid: [String]? = nil) throws {
    let answer = try store.call(command, container, members: valid.map { [HostLocalStore.validAttachments($0)] } ?? [])
    let step = "\(command) \(valid.map { "that leaves \($0)" } ?? container)"
    if !answer.succeeded { complain(step, "\(answer)") }
    try expectHeld(step)
  }

  private mutating func expectHeld(_ step: String) throws {
    let leases = try store.leases()
    if leases != held { complain(step, "the leases are \(leases) and not \(held)") }
  }

  private mutating func complain(_ step: String, _ what: String) { complaints.append("\(place), \(step): \(what)") }
}

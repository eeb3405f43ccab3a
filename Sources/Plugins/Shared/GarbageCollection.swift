internal import CNI
internal import LinuxSystem
internal import Netlink
internal import RouteNetlink
internal import State

/// A GC: removes what the network's attachments have left that the runtime does not know any more.
struct GarbageCollection {
  let call: Call

  /// The name of the plugin, such as `bridge`.
  let plugin: String

  /// The value of `ipam.type`; nil where there is none.
  let addressManager: String?

  /// The group that links are put into so that they can be deleted with one message: `swni` in ASCII, a number that
  /// nobody else takes by chance.
  private static let group: UInt32 = 0x7377_6e69

  /// How many attachments are taken apart together. Each keeps its record open, and open files are limited, mostly to
  /// 1024.
  private static let portion = 64

  /// Goes through the journal and takes each attachment apart that is not valid and that nobody works on. Goes on past
  /// what fails and reports it at the end.
  func run() throws(PluginError) {
    var failures = FailureList()
    var rest = try staleAttachments(call, plugin: plugin)[...]
    if !rest.isEmpty {
      let host = try netlink { () throws(NetlinkError) in try RouteSocket() }
      while !rest.isEmpty {
        remove(rest.prefix(Self.portion), from: host, &failures)
        rest = rest.dropFirst(Self.portion)
      }
    }
    if let addressManager {
      failures.collect { () throws(PluginError) in
        try AddressManagement(call: call, type: addressManager).collectGarbage()
      }
    }
    try failures.throwIfAny()
  }

  private func remove(
    _ attachments: ArraySlice<Attachment>, from host: borrowing RouteSocket, _ failures: inout FailureList
  ) {
    var entries: [HeldEntry] = []
    var links: [UInt32] = []
    for attachment in attachments {
      failures.collect { () throws(PluginError) in
        // One that a living process holds is being added or deleted right now.
        let entry = try system { () throws(SystemError) in try Journal().idleEntry(of: attachment, plugin: plugin) }
        guard let entry else { return }
        links += try hostLinks(recordedAs: entry.content, of: attachment, in: host).map(\.index)
        if case .record(let record) = entry.content { try AttachmentRules.remove(record) }
        entries.append(HeldEntry(entry))
      }
    }
    // What may still be there stays in the journal, for the next GC.
    guard failures.collect({ () throws(PluginError) in try delete(links, from: host) }) else { return }
    for entry in entries {
      failures.collect { () throws(PluginError) in try entry.remove() }
    }
  }

  /// Deletes links together: the kernel waits once for each message that deletes some, however many they are. Links that
  /// are gone by now are what is wanted.
  private func delete(_ links: [UInt32], from host: borrowing RouteSocket) throws(PluginError) {
    if links.isEmpty { return }
    let marked = host.performAll(links.map { .setLink(.index($0), LinkChanges(group: Self.group)) })
    try netlink { () throws(NetlinkError) in
      _ = try host.perform(.deleteLinks(group: Self.group), tolerating: [.noSuchDevice])
    }
    for case let error? in marked where error.code != .noSuchDevice { throw PluginError(error) }
  }
}

/// The attachments of the call's network that a plugin has a record of and the runtime does not know any more.
func staleAttachments(_ call: Call, plugin: String) throws(PluginError) -> [Attachment] {
  let valid = Set(try call.validAttachments())
  let known = try system { () throws(SystemError) in
    try Journal().attachments(of: call.networkName, plugin: plugin)
  }
  return known.filter { !valid.contains($0) }
}

/// An entry of the journal that stands in an array, where a type that cannot be copied may not stand.
private final class HeldEntry {
  private var entry: JournalEntry?

  init(_ entry: consuming JournalEntry) { self.entry = consume entry }

  func remove() throws(PluginError) {
    guard let entry = entry.take() else { return }
    try system { () throws(SystemError) in try entry.remove() }
  }
}

internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import NetworkNamespaces
internal import RouteNetlink
internal import State

/// An ADD between its first change and its last: it ends with ``commit(_:)``, or with ``undo(_:)`` and nothing of it is
/// left.
struct AttachmentInProgress: ~Copyable {
  private(set) var record: AttachmentRecord
  private var entry: JournalEntry
  private let addressManagement: AddressManagement?

  /// Whether the IPAM plugin has given addresses in this call. Others that it may hold for the attachment are not this
  /// call's to give back.
  private var hasAddresses = false

  private init(record: AttachmentRecord, entry: consuming JournalEntry, addressManagement: AddressManagement?) {
    self.record = record
    self.entry = entry
    self.addressManagement = addressManagement
  }

  /// Writes down what is about to be made, and clears away what an earlier ADD that was killed has left.
  ///
  /// - Throws: When the interface is there already. It is left as it is.
  static func begin(
    _ call: Call, plugin: String, addressManager: String?, in namespaces: borrowing AttachmentNamespaces
  ) throws(PluginError) -> AttachmentInProgress {
    let attachment = call.attachment
    let record = AttachmentRecord(
      attachment: attachment, plugin: plugin, namespacePath: call.namespacePath,
      namespace: try namespaces.namespace.fileIdentity(),
      addressManager: addressManager)
    let addressManagement = addressManager.map { AddressManagement(call: call, type: $0) }

    var entry = try system { () throws(SystemError) in try Journal().begin(attachment, plugin: plugin) }
    do throws(PluginError) {
      let name = attachment.interfaceName
      let isTaken = try netlink { () throws(NetlinkError) in try namespaces.container.link(named: name) } != nil
      let earlierLinks = try hostLinks(recordedAs: entry.content, of: attachment, in: namespaces.host)
      switch entry.content {
      case .record(let earlier) where earlier.isAlive && (isTaken || !earlierLinks.isEmpty):
        throw alreadyExists(name, details: "it was attached in \(earlier.namespacePath); DEL removes it")
      case .new where isTaken, .unreadable where isTaken: throw alreadyExists(name)
      case .new: break
      case .record, .unreadable:
        try remove(earlierLinks, from: namespaces.host)
        if case .record(let earlier) = entry.content { try AttachmentRules.remove(earlier) }
        addressManagement?.release()
      }
      try system { () throws(SystemError) in try entry.write(record) }
    } catch {
      // Nothing was changed, so there is nothing to write down.
      if case .new = entry.content { try? entry.remove() }
      throw error
    }
    return AttachmentInProgress(record: record, entry: entry, addressManagement: addressManagement)
  }

  /// Writes down which link of the host is about to be made, in the place of one that could not be made.
  mutating func announce(_ link: AttachmentRecord.HostLink) throws(PluginError) {
    record.hostLinks = [link]
    try write()
  }

  /// Makes packet rules, which are written down before.
  mutating func add(_ rules: AttachmentRules, for addresses: [CIDR]) throws(PluginError) {
    if rules.isEmpty { return }
    record.owned = rules.texts
    record.addresses = addresses
    try write()
    try rules.add(for: record.attachment, addresses)
  }

  /// Asks the IPAM plugin for addresses.
  ///
  /// - Returns: nil where the configuration names no IPAM plugin.
  mutating func addresses() throws(PluginError) -> AttachmentResult? {
    guard let addressManagement else { return nil }
    let result = try addressManagement.add()
    hasAddresses = true
    return result
  }

  /// Says that the attachment is complete.
  mutating func commit(_ result: AttachmentResult) throws(PluginError) {
    record.phase = .attached
    record.addresses = result.addresses.map(\.address)
    try write()
  }

  /// Takes back what was made. What cannot be taken back stays in the journal, for DEL and GC.
  consuming func undo(from host: borrowing RouteSocket) {
    do throws(PluginError) {
      try removeHostLinks(recordedAs: .record(record), of: record.attachment, from: host)
      try AttachmentRules.remove(record)
      if hasAddresses { try addressManagement?.delete() }
      try system { () throws(SystemError) in try entry.remove() }
    } catch {
      // The error that led here is the one to report.
    }
  }

  private mutating func write() throws(PluginError) {
    let record = record
    try system { () throws(SystemError) in try entry.write(record) }
  }

  private static func alreadyExists(_ name: String, details: String? = nil) -> PluginError {
    PluginError(.internal, "container veth name \(quoted(name)) already exists", details: details)
  }
}

extension AttachmentRecord {
  /// Whether the attachment was completed and its namespace is still there. The host's end of a link outlives a namespace
  /// for a moment, until the kernel has taken it down.
  fileprivate var isAlive: Bool {
    guard phase == .attached else { return false }
    guard let namespace else { return true }
    return (try? FileIdentity(ofPath: namespacePath)) == namespace
  }
}

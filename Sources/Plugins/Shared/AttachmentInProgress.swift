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

  /// Whether the IPAM plugin has given addresses, which it must be asked to take back.
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
    var record = AttachmentRecord(
      attachment: attachment, plugin: plugin, namespacePath: call.namespacePath,
      namespace: namespaces.namespace.identity.map { FileIdentity(device: $0.device, inode: $0.inode) },
      addressManager: addressManager)
    record.hostLinks = [.init(name: attachment.hostLinkName(), address: .random(using: randomNumber()))]
    let addressManagement = addressManager.map { AddressManagement(call: call, type: $0) }

    var entry = try system { () throws(SystemError) in try Journal().begin(attachment, plugin: plugin) }
    do throws(PluginError) {
      let name = attachment.interfaceName
      let isTaken = try netlink { () throws(NetlinkError) in try namespaces.container.link(named: name) } != nil
      switch entry.content {
      case .new where isTaken, .unreadable where isTaken: throw alreadyExists(name)
      case .record(let earlier) where isTaken && earlier.phase == .attached: throw alreadyExists(name)
      case .new: break
      case .record(let earlier):
        try removeHostLinks(of: earlier, from: namespaces.host)
        addressManagement?.release()
      case .unreadable: addressManagement?.release()
      }
      try system { () throws(SystemError) in try entry.write(record) }
    } catch {
      if case .new = entry.content { try? entry.remove() }
      throw error
    }
    return AttachmentInProgress(record: record, entry: entry, addressManagement: addressManagement)
  }

  /// Takes another name for the host's end, since the one before belongs to somebody else.
  mutating func takeHostLinkName(attempt: Int) throws(PluginError) {
    record.hostLinks[0].name = record.attachment.hostLinkName(attempt: attempt)
    try write()
  }

  /// Asks the IPAM plugin for addresses.
  ///
  /// - Returns: nil where the configuration names no IPAM plugin.
  mutating func addresses() throws(PluginError) -> AttachmentResult? {
    let result = try addressManagement?.add()
    hasAddresses = result != nil
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
      try removeHostLinks(of: record, from: host)
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

  private static func alreadyExists(_ name: String) -> PluginError {
    PluginError(.internal, "container veth name \(quoted(name)) already exists")
  }
}


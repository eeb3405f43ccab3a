internal import CNI
internal import LinuxSystem
internal import NetworkNamespaces
internal import State

/// What a chained plugin is making for one attachment: its record in the journal, held until the call ends.
struct ChainedAttachment: ~Copyable {
  /// What has been made, or is about to be.
  private(set) var record: AttachmentRecord

  /// What an earlier ADD wrote down, one that was killed or is being repeated.
  let earlier: AttachmentRecord?

  private var entry: JournalEntry

  private init(record: AttachmentRecord, earlier: AttachmentRecord?, entry: consuming JournalEntry) {
    self.record = record
    self.earlier = earlier
    self.entry = entry
  }

  /// Locks the record of the attachment. Nothing is written yet.
  ///
  /// - Throws: Where it cannot be told which namespace this is, too.
  static func lock(
    _ call: Call, plugin: String, in namespace: borrowing NetworkNamespace?
  ) throws(PluginError) -> ChainedAttachment {
    let identity: FileIdentity?
    switch namespace {
    case .some(let namespace): identity = try namespace.fileIdentity()
    case nil: identity = nil
    }
    let record = AttachmentRecord(
      attachment: call.attachment, plugin: plugin, namespacePath: call.namespacePath,
      namespace: identity)
    let entry = try system { () throws(SystemError) in try Journal().begin(call.attachment, plugin: plugin) }
    let earlier: AttachmentRecord? = if case .record(let earlier) = entry.content { earlier } else { nil }
    return ChainedAttachment(record: record, earlier: earlier, entry: entry)
  }

  /// Counts what an earlier ADD has made among what this one makes, where it was in the same namespace: another one's is
  /// gone with it.
  mutating func takeOver(_ earlier: AttachmentRecord) {
    if earlier.namespace == record.namespace { record.owned = earlier.owned }
  }

  /// Writes down that the ADD has begun, in the place of what an earlier one wrote.
  mutating func begin() throws(PluginError) { try write() }

  /// Writes down what is about to be made. It comes before the change itself.
  mutating func announce(_ change: (inout AttachmentRecord) -> Void) throws(PluginError) {
    change(&record)
    try write()
  }

  /// Says that the plugin has done its part.
  mutating func commit(_ result: AttachmentResult) throws(PluginError) {
    record.phase = .attached
    if record.addresses.isEmpty { record.addresses = result.addresses.map(\.address) }
    try write()
  }

  /// Removes the record: nothing is left of what it tells of.
  consuming func abandon() {
    try? entry.remove()
  }

  private mutating func write() throws(PluginError) {
    let record = record
    try system { () throws(SystemError) in try entry.write(record) }
  }
}

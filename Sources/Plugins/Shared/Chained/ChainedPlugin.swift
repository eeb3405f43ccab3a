internal import CNI
internal import LinuxSystem
internal import NetworkNamespaces
internal import State

/// A plugin that changes what the plugins before it in the list have made. It writes down in the journal what it is
/// about to make, as those do, so that it can be taken back without the namespace, without a previous result, and
/// whatever the configuration says by then.
protocol ChainedPlugin: Plugin {
  /// Takes back what a record tells of, as far as it is there. Goes on past what fails and throws it at the end.
  ///
  /// - Parameter namespace: The container's, where it is known and still there.
  func takeBack(_ record: AttachmentRecord, in namespace: borrowing NetworkNamespace?) throws(PluginError)

  /// Takes back what no record tells of: what the reference made for the attachment before this plugin took its place, or
  /// what belongs to a record that was lost. It is found by names and keys, at a cost that does not grow with the node.
  /// Only DEL asks for it.
  func takeBackUnrecorded(_ call: Call, in namespace: borrowing NetworkNamespace?) throws(PluginError)
}

extension ChainedPlugin {
  /// Runs the steps of an ADD as a transaction: it succeeds, or nothing of it is left.
  ///
  /// What an earlier ADD has made for the same attachment, killed or repeated, is taken back first.
  ///
  /// - Parameters:
  ///   - keepingEarlier: Whether what an earlier ADD has made stays instead, as something that the new record tells of too.
  ///   - steps: What makes the changes. Each is announced to the journal before it is made.
  func transaction(
    _ call: Call, keepingEarlier: Bool = false,
    _ steps: (inout ChainedAttachment) throws(PluginError) -> AttachmentResult
  ) throws(PluginError) -> AttachmentResult {
    let namespace: NetworkNamespace? = try openNamespace(of: call)
    var attachment = try ChainedAttachment.lock(call, plugin: name, in: namespace)
    if let earlier = attachment.earlier {
      if keepingEarlier { attachment.takeOver(earlier) } else { try takeBack(earlier, in: namespace) }
    }
    do throws(PluginError) {
      try attachment.begin()
      let result = try steps(&attachment)
      try attachment.commit(result)
      return result
    } catch {
      do throws(PluginError) {
        try takeBack(attachment.record, in: namespace)
        attachment.abandon()
      } catch {
        // The error that led here is the one to report. What could not be taken back stays in the journal.
      }
      throw error
    }
  }

  func delete(_ call: Call) throws(PluginError) {
    // Something that is no namespace is an answer before anything changes, not a step that failed.
    var namespace = try openNamespaceIfPresent(of: call)
    var entry = try system { () throws(SystemError) in try Journal().entry(of: call.attachment, plugin: name) }
    var failures = FailureList()
    if case .record(let record) = entry?.content ?? .new {
      // A runtime that has forgotten the path calls without one, whether the namespace is there or not.
      if call.namespacePath.isEmpty { namespace = record.presentNamespace() }
      failures.collect { () throws(PluginError) in try takeBack(record, in: namespace) }
    }
    failures.collect { () throws(PluginError) in try takeBackUnrecorded(call, in: namespace) }
    if failures.isEmpty, let entry = entry.take() {
      try system { () throws(SystemError) in try entry.remove() }
    }
    try failures.throwIfAny()
  }

  func collectGarbage(_ call: Call) throws(PluginError) {
    var failures = FailureList()
    for attachment in try staleAttachments(call, plugin: name) {
      failures.collect { () throws(PluginError) in
        // One that a living process holds is being added or deleted right now.
        let entry = try system { () throws(SystemError) in try Journal().idleEntry(of: attachment, plugin: name) }
        guard let entry else { return }
        if case .record(let record) = entry.content { try takeBack(record, in: record.presentNamespace()) }
        try system { () throws(SystemError) in try entry.remove() }
      }
    }
    try failures.throwIfAny()
  }
}

extension AttachmentRecord {
  /// Whether a namespace is the one that the attachment was made in. A path can lead to another one later.
  func wasMade(in namespace: borrowing NetworkNamespace) throws(PluginError) -> Bool {
    try self.namespace == namespace.fileIdentity()
  }

  /// The container's namespace, as long as the path still leads to the one that the attachment was made in.
  fileprivate func presentNamespace() -> NetworkNamespace? {
    guard let namespace, (try? FileIdentity(ofPath: namespacePath)) == namespace else { return nil }
    return try? NetworkNamespace(path: namespacePath)
  }
}

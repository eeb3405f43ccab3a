internal import CNI

/// A plugin whose ADD writes down in the journal what it makes, with ``AttachmentInProgress``. The record says what DEL
/// and GC have to take back, so that they are the same for all of these plugins.
protocol JournaledPlugin: Plugin {}

extension JournaledPlugin {
  /// Runs the steps of an ADD as a transaction: it succeeds, or nothing of it is left.
  ///
  /// - Parameter steps: What makes the attachment. Its last step is ``AttachmentInProgress/commit(_:)``.
  func transaction(
    _ call: Call, addressManager: String?,
    _ steps: (inout AttachmentInProgress, borrowing AttachmentNamespaces) throws(PluginError) -> AttachmentResult
  ) throws(PluginError) -> AttachmentResult {
    let namespaces = try AttachmentNamespaces.open(for: call)
    var attachment = try AttachmentInProgress.begin(
      call, plugin: name, addressManager: addressManager, in: namespaces)
    do throws(PluginError) {
      return try steps(&attachment, namespaces)
    } catch {
      attachment.undo(from: namespaces.host)
      throw error
    }
  }

  func delete(_ call: Call) throws(PluginError) {
    try Detachment(call: call, plugin: name, addressManager: MainPluginConfiguration.addressManager(of: call)).run()
  }

  func collectGarbage(_ call: Call) throws(PluginError) {
    try GarbageCollection(
      call: call, plugin: name, addressManager: MainPluginConfiguration.addressManager(of: call)
    ).run()
  }
}

internal import CNI

/// The IPAM plugin that a main plugin hands the question of addresses to.
struct AddressManagement {
  let call: Call

  /// The value of `ipam.type`.
  let type: String

  /// Asks for addresses.
  ///
  /// - Throws: The IPAM plugin's own error, unchanged. It was asked to take back what it may have reserved.
  func add() throws(PluginError) -> AttachmentResult {
    let delegate = try Delegate.find(type, for: call)
    let result: AttachmentResult
    do throws(PluginError) {
      result = try delegate.add(call)
    } catch {
      // The specification wants a DEL for a delegate that failed. One of ours leaves nothing behind, and what it holds
      // for this attachment since earlier is not this call's to release.
      if case .executable = delegate { delegate.undoAdd(call) }
      throw error
    }
    if result.addresses.isEmpty {
      delegate.undoAdd(call)
      throw PluginError("IPAM plugin returned missing IP config")
    }
    return result
  }

  /// Gives the addresses back after a failure of something else, which is the one to report.
  func release() { try? delete() }

  /// Gives the addresses back.
  func delete() throws(PluginError) { try Delegate.find(type, for: call).delete(call) }

  /// Verifies that the addresses are still the attachment's.
  func check() throws(PluginError) { try Delegate.find(type, for: call).check(call) }

  /// Lets the IPAM plugin release what belongs to no valid attachment.
  func collectGarbage() throws(PluginError) { try Delegate.find(type, for: call).collectGarbage(call) }

  /// Whether the IPAM plugin could give an address now.
  ///
  /// - Throws: Code 50 where there is no such plugin; otherwise the IPAM plugin's own error.
  func status() throws(PluginError) {
    let delegate: Delegate
    do throws(PluginError) {
      delegate = try Delegate.find(type, for: call)
    } catch {
      throw PluginError(.unavailable, error.message, details: error.details)
    }
    try delegate.status(call)
  }
}

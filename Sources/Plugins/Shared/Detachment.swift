internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkNamespaces
internal import RouteNetlink
internal import State

/// A DEL: goes on past every step that fails, treats what is already gone as done, and gives the addresses back last.
struct Detachment {
  let call: Call

  /// The name of the plugin, such as `bridge`.
  let plugin: String

  /// The value of `ipam.type`; nil where there is none.
  let addressManager: String?

  /// Removes the attachment, with or without its namespace, with or without a record of it.
  ///
  /// - Throws: What could not be removed, in one message. It stays in the journal, so that another DEL or GC finds it.
  func run() throws(PluginError) {
    // Something that is no namespace is an answer before anything changes, not a step that failed.
    let namespace = try openNamespaceIfPresent(of: call)
    var entry = try system { () throws(SystemError) in try Journal().entry(of: call.attachment, plugin: plugin) }
    let content: JournalEntry.Content =
      switch entry {
      case .some(let entry): entry.content
      case nil: .new
      }

    var failures = FailureList()
    // First: while the kernel takes its time for the link, it frees what the rules were made of, too.
    failures.collect { () throws(PluginError) in try AttachmentRules.remove(recordedAs: content, for: call) }
    failures.collect { () throws(PluginError) in try removeLinks(recordedAs: content, in: namespace) }
    // While the interface is there it has its address, which nobody else must get.
    if failures.isEmpty, let addressManager {
      failures.collect { () throws(PluginError) in try AddressManagement(call: call, type: addressManager).delete() }
    }
    if failures.isEmpty, let entry = entry.take() {
      try system { () throws(SystemError) in try entry.remove() }
    }
    try failures.throwIfAny()
  }

  private func removeLinks(recordedAs content: JournalEntry.Content, in namespace: borrowing NetworkNamespace?)
    throws(PluginError)
  {
    let host = try netlink { () throws(NetlinkError) in try RouteSocket() }
    if try removeHostLinks(recordedAs: content, of: call.attachment, from: host) { return }
    // No record, or one that no longer fits: the interface was made before this plugin was, or somebody changed it.
    if try isAnotherNetworksInterface() { return }
    switch namespace {
    case .some(let namespace): try removeInterface(in: namespace)
    case nil: break
    }
  }

  private func removeInterface(in namespace: borrowing NetworkNamespace) throws(PluginError) {
    let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
    try netlink { () throws(NetlinkError) in
      _ = try container.perform(
        .deleteLink(.name(call.attachment.interfaceName)), tolerating: [.noSuchDevice])
    }
  }

  /// Whether the interface of this name in this container belongs to another network. A runtime sends DEL after an ADD
  /// that failed, also where it failed because the name was taken.
  private func isAnotherNetworksInterface() throws(PluginError) -> Bool {
    try system { () throws(SystemError) in try Journal().hasRecordOfAnotherNetwork(for: call.attachment) }
  }
}

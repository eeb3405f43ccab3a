internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import NetworkNamespaces
internal import RouteNetlink
internal import State
internal import SystemPackage

/// The `tuning` plugin: changes attributes of the container's interface and kernel settings of its network, and puts back
/// with DEL what was there before.
struct Tuning: ChainedPlugin {
  let name = "tuning"

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let configuration = try TuningConfiguration(call)
    if !configuration.sysctls.isEmpty { try AllowList()?.check(configuration.sysctls) }
    var result = try call.requiredPreviousResult()
    let namespace = try openNamespace(of: call)
    let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
    if !configuration.link.isEmpty { _ = try interface(call, in: container) }
    let settings = try namespace.run { () throws(PluginError) in try configuration.writableSettings() }

    if let address = configuration.link.hardwareAddress {
      for index in result.interfaces.indices where result.interfaces[index].name == call.interfaceName {
        result.interfaces[index].mac = address.description
      }
    }
    return try transaction(call, keepingEarlier: true) { attachment throws(PluginError) in
      // Only now, while no DEL of the attachment is putting back what was there before.
      let link = configuration.link.isEmpty ? nil : try interface(call, in: container)
      try namespace.run { () throws(PluginError) in
        try save(settings, configuration, link, &attachment)
        for index in settings.indices { try configuration.sysctls[index].write(to: settings[index]) }
      }
      if let link { try configuration.link.apply(to: link, in: container) }
      return result
    }
  }

  /// Saves what is there now, but for what an earlier ADD has saved: what is there now is what that one has made of it.
  private func save(
    _ settings: [KernelSetting], _ configuration: TuningConfiguration, _ link: Link?,
    _ attachment: inout ChainedAttachment
  ) throws(PluginError) {
    var originals = OriginalSettings(attachment.record.owned)
    for setting in settings { try originals.add(setting) }
    let path = configuration.backupPath
    var attributes: LinkAttributes?
    if let link {
      var earlierPath: String? = path
      if originals.tellsOf(link) {
        earlierPath = originals.backupPaths.first
      } else {
        // A backup that no record tells of was made by the reference. One of an interface that is gone is worth nothing.
        if let earlier = attachment.earlier, !OriginalSettings(earlier.owned).backupPaths.isEmpty { earlierPath = nil }
        originals.removeBackup()
      }
      let present = LinkAttributes(of: link, as: configuration.link)
      attributes = earlierPath.flatMap { LinkAttributes(contentsOf: $0) }?.completed(from: present) ?? present
      originals.add(backup: path, of: link)
    }
    let texts = originals.texts
    try attachment.announce { $0.owned = texts }
    if let attributes { try system { () throws(SystemError) in try attributes.write(to: path) } }
  }

  // MARK: DEL and GC

  func takeBack(_ record: AttachmentRecord, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    let originals = OriginalSettings(record.owned)
    switch namespace {
    case .some(let namespace):
      // A path can lead to another namespace by now.
      if try !record.wasMade(in: namespace) { break }
      for path in originals.backupPaths {
        restoreLink(record.attachment.interfaceName, from: path, in: namespace) { originals.tellsOf($0) }
      }
      try? namespace.run { () throws(SystemError) in originals.restoreKernelSettings() }
    case nil: break
    }
    // A record that somebody has changed is not to remove another file.
    let name = TuningConfiguration.backupName(record.attachment)
    for path in originals.backupPaths where path.hasSuffix("/" + name) { try removeBackup(path) }
  }

  func takeBackUnrecorded(_ call: Call, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    let path = TuningConfiguration.backupPath(of: call)
    switch namespace {
    case .some(let namespace): restoreLink(call.interfaceName, from: path, in: namespace) { _ in true }
    case nil: break
    }
    try removeBackup(path)
  }

  /// Gives a link the attributes that were saved. What the kernel refuses is no reason to fail: the plugin that made the
  /// link is called next, and removes it.
  private func restoreLink(
    _ name: String, from path: String, in namespace: borrowing NetworkNamespace, where isMeant: (Link) -> Bool
  ) {
    guard let attributes = LinkAttributes(contentsOf: path) else { return }
    try? { () throws(NetlinkError) in
      let container = try RouteSocket(in: namespace)
      guard let link = try container.link(named: name), isMeant(link) else { return }
      _ = container.performAll(attributes.requests(for: link))
    }()
  }

  private func removeBackup(_ path: String) throws(PluginError) {
    try system { () throws(SystemError) in
      do throws(SystemError) {
        _ = try removeFile(path)
      } catch {
        // No file can be where the configuration's `dataDir` has no directory.
        guard error.code == .notDirectory || error.code == .fileNameTooLong else { throw error }
      }
    }
  }

  // MARK: CHECK and STATUS

  func check(_ call: Call) throws(PluginError) {
    let configuration = try TuningConfiguration(call)
    _ = try call.requiredPreviousResult()
    let namespace = try openNamespace(of: call)
    try namespace.run { () throws(PluginError) in
      for sysctl in configuration.sysctls { try sysctl.check() }
    }
    let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
    guard let link = try netlink({ () throws(NetlinkError) in try container.link(named: call.interfaceName) }) else {
      throw PluginError("Cannot find container link \(call.interfaceName)")
    }
    try configuration.link.check(link)
  }

  func status(_ call: Call) throws(PluginError) {
    let configuration = try TuningConfiguration(call)
    if !configuration.sysctls.isEmpty { try AllowList()?.check(configuration.sysctls) }
    try Readiness(call: call, addressManager: nil).check()
  }

  private func interface(_ call: Call, in container: borrowing RouteSocket) throws(PluginError) -> Link {
    guard let link = try netlink({ () throws(NetlinkError) in try container.link(named: call.interfaceName) }) else {
      throw PluginError("failed to get \(quoted(call.interfaceName)): Link not found")
    }
    return link
  }
}

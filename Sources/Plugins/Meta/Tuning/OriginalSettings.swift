internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkNamespaces
internal import RouteNetlink
internal import SystemPackage

/// What was there before the first ADD of an attachment, as the journal's record tells of it: one text each.
///
/// The attributes of the link are in the backup file, which the reference reads, too; it does not know of kernel
/// settings, so those stand in the record. What a record has once stays in it: a repeated ADD, or a second entry of the
/// plugin in one list, finds what the first one has changed.
struct OriginalSettings {
  private(set) var texts: [String]

  /// Takes over what a record tells of.
  init(_ owned: [String]) { texts = owned }

  // MARK: The link

  /// Says that the attributes of a link are in a backup file.
  mutating func add(backup path: String, of link: Link) {
    for text in ["interface \(link.index)", "backup \(path)"] where !texts.contains(text) { texts.append(text) }
  }

  /// Forgets a backup: it is that of an interface that is gone.
  mutating func removeBackup() { texts.removeAll { $0.hasPrefix("interface ") || $0.hasPrefix("backup ") } }

  /// The backup files. There are two where the configuration has changed between two ADDs.
  var backupPaths: [String] { texts.values(of: "backup") }

  /// Whether a link is the one whose attributes were saved. Another one can have its name by now.
  func tellsOf(_ link: Link) -> Bool { texts.contains("interface \(link.index)") }

  // MARK: Kernel settings

  /// Saves the value of a setting, in the namespace of the calling thread. One that has none to read cannot be restored.
  ///
  /// - Throws: When there is a value and it cannot be read: what is lost now would never be restored.
  mutating func add(_ setting: KernelSetting) throws(PluginError) {
    let start = "sysctl \(setting.name) "
    if texts.contains(where: { $0.hasPrefix(start) }) { return }
    do throws(SystemError) {
      texts.append(start + (try setting.read()))
    } catch {
      guard setting.hasNoValue(error) else { throw PluginError(error) }
    }
  }

  /// Writes the saved values, the last one first, in the namespace of the calling thread. The setting of an interface that
  /// is gone is gone with it.
  func restoreKernelSettings() {
    for text in texts.values(of: "sysctl").reversed() {
      // A record that somebody has changed is not to change anything but the network.
      guard let (name, value) = splitAtBlank(text), name.hasPrefix("net/") else { continue }
      if name.utf8.split(separator: UInt8(ascii: "/")).contains(where: { String(Substring($0)) == ".." }) { continue }
      try? KernelSetting(name).write(value)
    }
  }
}

extension KernelSetting {
  /// Whether an error says that there is nothing to read: the setting can only be written, as `net/ipv4/route/flush`
  /// (`EACCES`, or `EINVAL` of its handler), or it is an IPv6 secret that nobody has given a value yet (`EIO`; see
  /// `addrconf_sysctl_stable_secret` in net/ipv6/addrconf.c).
  fileprivate func hasNoValue(_ error: SystemError) -> Bool {
    switch error.code {
    case .permissionDenied, .invalidArgument: true
    case .ioError: name.hasSuffix("/stable_secret")
    default: false
    }
  }
}

internal import CLinux
internal import CNI
internal import LinuxSystem
internal import NFTables
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink
internal import State
internal import SystemPackage

/// A link of the host through which connections from its loopback addresses reach published ports in containers.
///
/// The kernel sends no packet with such an address out by a link unless `route_localnet` is set for it. The setting also
/// lets packets in that are for these addresses, so a rule drops them. It is made with the first attachment that needs it
/// and taken back with the last; a link for which somebody else has set it is left to him.
///
/// Which attachments need it is written down in `localnet/<link>/` beside the journal, an empty file for each.
struct LocalnetLink {
  /// The name of the link.
  let name: String

  /// Finds the link by which the host reaches a container, if the plugins before this one have made it. Somebody else's,
  /// as the host's way out, must not take packets for loopback addresses in.
  ///
  /// - Parameter result: What those plugins have made.
  /// - Returns: nil where it is somebody else's, or no way leads to the container.
  init?(to address: IPAddress, madeBy result: AttachmentResult) throws(PluginError) {
    let link = try netlink { () throws(NetlinkError) -> Link? in
      let socket = try RouteSocket()
      guard let index = try socket.route(to: address)?.linkIndex else { return nil }
      return try socket.link(at: index)
    }
    guard let link, result.interfaces.contains(where: { $0.name == link.name && $0.isOnHost }) else {
      return nil
    }
    name = link.name
  }

  /// The link of a record.
  init(recordedAs name: String) { self.name = name }

  private var setting: KernelSetting { KernelSetting("net/ipv4/conf/\(name)/route_localnet") }

  /// Whether packets from loopback addresses go out by the link.
  func isOpen() -> Bool { (try? setting.read()) == "1" }

  /// Opens the link for an attachment, unless it is open and none of ours has opened it.
  ///
  /// - Parameter announce: Writes down that the link is about to be opened.
  func open(for attachment: Attachment, announce: () throws(PluginError) -> Void) throws(PluginError) {
    let lock = try Self.lock()
    defer { withExtendedLifetime(lock.rawValue) {} }
    if isOpen(), !isOurs { return }
    try announce()
    try system { () throws(SystemError) in
      try makeDirectories(directory, mode: 0o700)
      _ = try OwnedDescriptor(opening: path(of: attachment), O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
    }
    // First the guard, then what it guards against.
    let element = SetElement(ElementKey(.interfaceName(name)))
    _ = try PacketRules.ofHost().create([.init(set: PublishingLayout.localnetLinks, element: element)]) { batch, _ in
      PublishingLayout.guardLayout.lay(in: &batch)
    }
    do throws(SystemError) {
      // Also for one that is not the first: the link may have been deleted and made anew.
      try setting.ensure("1")
    } catch {
      throw PluginError(.internal, "unable to enable route_localnet: \(error)")
    }
  }

  /// Closes the link if no other attachment needs it. One that is gone is closed.
  func close(for attachment: Attachment) throws(PluginError) {
    let lock = try Self.lock()
    defer { withExtendedLifetime(lock.rawValue) {} }
    guard isOurs else { return }
    _ = try system { () throws(SystemError) in try removeFile(path(of: attachment)) }
    guard holders.isEmpty else { return }
    try system { () throws(SystemError) in
      do throws(SystemError) {
        try setting.ensure("0")
      } catch {
        guard error.code == .noSuchFileOrDirectory else { throw error }
      }
    }
    try PacketRules.ofHost().change { (batch, socket) throws(NetlinkError) in
      let key = ElementKey(.interfaceName(name))
      guard try socket.element(key, of: PublishingLayout.localnetLinks) != nil else { return }
      batch.delete(key, from: PublishingLayout.localnetLinks)
    }
    _ = rmdir(directory)
  }

  /// Verifies that the link is open and guarded.
  func check() throws(PluginError) {
    guard isOpen() else { throw PluginError(.internal, "route_localnet of \(name) is not set") }
    let isGuarded = try netlink { () throws(NetlinkError) in
      try NFTablesSocket().element(ElementKey(.interfaceName(name)), of: PublishingLayout.localnetLinks) != nil
    }
    if !isGuarded { throw PluginError(.internal, "\(name) is missing in \(PublishingLayout.localnetLinks)") }
  }

  // MARK: Who needs it

  private var directory: String { "\(Journal.standardDirectory)/localnet/\(name)" }

  /// Whether an attachment has opened the link. The directory is made before the link is opened and goes when it is closed,
  /// so that a call that was killed in between is carried on by the next one.
  private var isOurs: Bool { access(directory, F_OK) == 0 }

  /// A colon is in none of the names.
  private func path(of attachment: Attachment) -> String {
    "\(directory)/\(attachment.network):\(attachment.containerID):\(attachment.interfaceName)"
  }

  private var holders: [String] { (try? namesInDirectory(directory)) ?? [] }

  /// Waits for whoever opens or closes a link at the moment.
  private static func lock() throws(PluginError) -> OwnedDescriptor {
    try hostLock("localnet.lock", .exclusive)
  }
}

internal import CLinux
internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink
internal import State
internal import SystemPackage

/// The bridge of a network: found, or made.
///
/// Attachments share it, so it stays when the last of them goes, as users of the reference know it. What an ADD that
/// fails has added to it is taken back, unless another attachment, made or in the making, may count on it.
struct BridgeLink: ~Copyable {
  /// The bridge.
  let link: Link

  private let use: OwnedDescriptor
  private let wasMade: Bool

  /// What was added to a bridge that was there before.
  var additions = Additions()

  /// What an ADD has added to a bridge.
  struct Additions {
    var addresses: [(address: CIDR, link: UInt32)] = []
    var links: [UInt32] = []
  }

  /// How often the bridge is looked for, when others remove it as often.
  private static let attempts = 4

  private init(link: Link, use: consuming OwnedDescriptor, wasMade: Bool) {
    self.link = link
    self.use = use
    self.wasMade = wasMade
  }

  /// Finds the bridge and brings it into the state that the configuration needs, or makes it.
  static func ensure(_ configuration: BridgeConfiguration, on host: borrowing RouteSocket) throws(PluginError)
    -> BridgeLink
  {
    let name = configuration.bridge
    let use = try beginUse(of: name)
    // Tells the bridge that this ADD makes from one that another process makes at the same moment. An address that was
    // given stays, too; one that was not is the lowest of the ports' and changes as they come and go.
    let address = MACAddress.random(using: randomNumber())
    let link: Link
    do throws(PluginError) {
      link = try findOrMake(configuration, address: address, on: host)
    } catch {
      // The bridge may be there although the kernel's answer was lost.
      if let made = try? RouteSocket().link(named: name), made.address == address {
        BridgeLink(link: made, use: use, wasMade: true).undo(on: host)
      }
      throw error
    }
    let bridge = BridgeLink(link: link, use: use, wasMade: link.address == address)
    do throws(PluginError) {
      try bridge.reconcile(with: configuration, on: host)
    } catch {
      bridge.undo(on: host)
      throw error
    }
    return bridge
  }

  private static func findOrMake(
    _ configuration: BridgeConfiguration, address: MACAddress, on host: borrowing RouteSocket
  ) throws(PluginError) -> Link {
    let name = configuration.bridge
    for _ in 1...attempts {
      if let link = try netlink({ () throws(NetlinkError) in try host.link(named: name) }) {
        guard link.kind == "bridge" else {
          throw PluginError(
            .internal, "failed to create bridge \(quoted(name)): \(quoted(name)) already exists but is not a bridge")
        }
        return link
      }
      try make(configuration, address: address, on: host)
    }
    throw PluginError(.internal, "failed to create bridge \(quoted(name)): it is gone each time after it was made")
  }

  /// Says that somebody works with the bridge, until the descriptor goes away. Any number of ADDs do so at once.
  private static func beginUse(of name: String) throws(PluginError) -> OwnedDescriptor {
    try hostLock("bridges/\(name)", .shared)
  }

  /// Makes the bridge, unless another process was faster.
  private static func make(
    _ configuration: BridgeConfiguration, address: MACAddress, on host: borrowing RouteSocket
  ) throws(PluginError) {
    let name = configuration.bridge
    var specification = LinkSpecification(name: name)
    specification.kind = .bridge(vlanFiltering: configuration.vlans.needFiltering ? true : nil)
    specification.mtu = configuration.common.mtu
    specification.isUp = true
    specification.address = address
    let request = RouteRequest.addLink(specification)
    let isNew = try netlink { () throws(NetlinkError) in try host.perform(request, tolerating: [.fileExists]) }
    if isNew { refuseRouterAdvertisements(on: name) }
  }

  /// Brings the bridge into the state that the configuration needs. The MTU of one that was there is left alone:
  /// networks that share it may ask for different ones.
  private func reconcile(with configuration: BridgeConfiguration, on host: borrowing RouteSocket) throws(PluginError) {
    var requests: [RouteRequest] = []
    if !link.isUp { requests.append(.setLink(.index(link.index), LinkChanges(isUp: true))) }
    if configuration.isPromiscuous && !link.isPromiscuous {
      requests.append(.setLink(.index(link.index), LinkChanges(isPromiscuous: true)))
    }
    // Without it the kernel would take the VLANs of the ports and not keep them apart.
    if configuration.vlans.needFiltering && link.bridge?.vlanFiltering != true {
      requests.append(.setVLANFiltering(true, of: .index(link.index)))
    }
    if requests.isEmpty { return }
    try netlink { () throws(NetlinkError) in try host.perform(requests) }
  }

  /// The hardware address as it is now. That of a bridge which nobody gave one changes with its ports.
  func hardwareAddress(on host: borrowing RouteSocket) throws(PluginError) -> MACAddress? {
    if wasMade { return link.address }
    return try netlink { () throws(NetlinkError) in try host.link(at: link.index) }?.address
  }

  /// Takes back what this ADD has added, unless somebody else works with the bridge, or has come to be attached to it
  /// in the meantime. The attachment's own port must be gone.
  ///
  /// Of several that fail at once only the last one gets the lock: trying for it gives up the share that one has. So the
  /// one that made the bridge leaves word of it for whoever that is.
  consuming func undo(on host: borrowing RouteSocket) {
    if wasMade { leaveWord() }
    guard (try? tryLock(use.rawValue, .exclusive)) == true else { return }
    let isInVain = takeWord()
    // A socket of its own: what failed may have left a list half-read in the other, which the kernel calls busy then.
    guard let links = try? RouteSocket().links() else { return }
    let isInUse = links.contains { port in
      port.master == link.index && !additions.links.contains { $0 == port.peerIndex }
    }
    if isInUse { return }
    var requests: [RouteRequest] = additions.links.map { .deleteLink(.index($0)) }
    if isInVain {
      requests.append(.deleteLink(.index(link.index)))
    } else {
      requests += additions.addresses.map { .deleteAddress(LinkAddress($0.address), from: $0.link) }
    }
    // The error that led here is the one to report.
    _ = host.performAll(requests)
  }
  /// Writes the bridge's hardware address into the file that is locked. Another bridge of the same name has another one.
  private func leaveWord() {
    guard let address = link.address else { return }
    _ = address.bytes.withUnsafeBytes { pwrite(use.rawValue, $0.baseAddress, $0.count, 0) }
  }

  /// Whether an ADD that failed, this or another, has made the bridge. The word is for one reader: if the bridge stays
  /// now, it belongs to those who use it.
  private func takeWord() -> Bool {
    var bytes = [UInt8](repeating: 0, count: 6)
    let count = bytes.withUnsafeMutableBytes { pread(use.rawValue, $0.baseAddress, $0.count, 0) }
    if count > 0 { _ = ftruncate(use.rawValue, 0) }
    return wasMade || (count == bytes.count && MACAddress(bytes: bytes) == link.address)
  }
}

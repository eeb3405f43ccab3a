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
/// fails has done to it is taken back, unless another attachment counts on it by now: one that is being made at the same
/// moment, or one that was made in the meantime and has a port.
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

  /// How often the bridge is made, when others remove it as often.
  private static let attempts = 3

  private init(link: Link, use: consuming OwnedDescriptor, wasMade: Bool) {
    self.link = link
    self.use = use
    self.wasMade = wasMade
  }

  /// Finds the bridge and brings it into the state that the configuration needs, or makes it.
  static func ensure(_ configuration: BridgeConfiguration, on host: borrowing RouteSocket) throws(PluginError) -> BridgeLink {
    let name = configuration.bridge
    let use = try beginUse(of: name)
    // What tells the bridge that this ADD makes from one that another process makes at the same moment. An address that
    // was given stays, too; one that was not is the lowest of the ports' and changes as they come and go.
    let address = MACAddress.random(using: randomNumber())
    do throws(PluginError) {
      for _ in 1...attempts {
        guard let link = try netlink({ () throws(NetlinkError) in try host.link(named: name) }) else {
          try make(configuration, address: address, on: host)
          continue
        }
        guard link.kind == "bridge" else {
          throw PluginError(
            .internal, "failed to create bridge \(quoted(name)): \(quoted(name)) already exists but is not a bridge")
        }
        let wasMade = link.address == address
        if !wasMade { try reconcile(link, with: configuration, on: host) }
        return BridgeLink(link: link, use: use, wasMade: wasMade)
      }
      throw PluginError(.internal, "failed to create bridge \(quoted(name)): it is gone each time after it was made")
    } catch {
      // The bridge may be there although the kernel's answer was lost.
      if let link = try? host.link(named: name), link.address == address {
        BridgeLink(link: link, use: use, wasMade: true).undo(port: nil, on: host)
      }
      throw error
    }
  }

  /// Says that somebody works with the bridge, until the descriptor goes away. Any number of ADDs do so at once.
  private static func beginUse(of name: String) throws(PluginError) -> OwnedDescriptor {
    try system { () throws(SystemError) in
      let file = try Journal().sharedFile("bridges/\(name)")
      try lock(file.rawValue, .shared, seconds: Journal.patience, subject: name)
      return file
    }
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
    guard isNew else { return }
    refuseRouterAdvertisements(on: name)
    if configuration.isPromiscuous {
      try netlink { () throws(NetlinkError) in try host.perform([.setLink(.name(name), LinkChanges(isPromiscuous: true))]) }
    }
  }

  /// The MTU of a bridge that was there is left alone: networks that share it may ask for different ones.
  private static func reconcile(_ link: Link, with configuration: BridgeConfiguration, on host: borrowing RouteSocket)
    throws(PluginError)
  {
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

  /// Takes back what this ADD has done to the bridge, unless somebody else counts on it.
  ///
  /// - Parameter record: The attachment that failed, whose port may still be there; nil where it has none.
  consuming func undo(port record: AttachmentRecord?, on host: borrowing RouteSocket) {
    guard (try? tryLock(use.rawValue, .exclusive)) == true, !hasOtherPorts(than: record) else { return }
    var requests: [RouteRequest] = additions.links.map { .deleteLink(.index($0)) }
    if wasMade {
      requests.append(.deleteLink(.index(link.index)))
    } else {
      requests += additions.addresses.map { .deleteAddress(LinkAddress($0.address), from: $0.link) }
    }
    // The error that led here is the one to report.
    _ = host.performAll(requests)
  }

  /// Whether the bridge has ports that this ADD did not make. Where the kernel does not say, it has.
  private func hasOtherPorts(than record: AttachmentRecord?) -> Bool {
    // A socket of its own: what failed may have left a list half-read in the other, which the kernel calls busy then.
    guard let links = try? RouteSocket().links() else { return true }
    let ownEnds = record?.hostLinks ?? []
    return links.contains { port in
      guard port.master == link.index else { return false }
      let isEndOfOwnPair = ownEnds.contains { $0.name == port.name && $0.address == port.address }
      let isEndOfOwnVLANLink = port.peerIndex.map(additions.links.contains) ?? false
      return !isEndOfOwnPair && !isEndOfOwnVLANLink
    }
  }
}

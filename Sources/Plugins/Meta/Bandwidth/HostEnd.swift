internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink
internal import State

/// The host's end of a container's veth pair: the link that this plugin changes, and leaves to others in the end.
struct HostEnd {
  let link: Link

  /// Finds it by the container's interface.
  ///
  /// - Throws: In the reference's words, where the interface is not the end of such a pair.
  static func find(
    _ interface: String, in container: borrowing RouteSocket, on host: borrowing RouteSocket
  ) throws(PluginError) -> HostEnd {
    func noPeer(_ reason: String) -> PluginError {
      PluginError("container interface \(interface) has no veth peer: \(reason)")
    }
    let link = try netlink { () throws(NetlinkError) in try container.link(named: interface) }
    guard let link else { throw noPeer("could not look up \(quoted(interface)): Link not found") }
    guard let index = link.peerIndex else { throw noPeer("interface \(quoted(interface)) was not a veth interface") }
    let peer = try netlink { () throws(NetlinkError) in try host.link(at: index) }
    // Each namespace counts for itself: another link can have this number here.
    guard let peer, peer.peerIndex == link.index else {
      throw PluginError("veth peer with index \(index) is not in host ns")
    }
    return HostEnd(link: peer)
  }

  /// Checks that the link is one that the plugins before this one have made.
  func require(in previous: AttachmentResult) throws(PluginError) {
    if previous.interfaces.isEmpty { throw PluginError("no interfaces provided") }
    guard previous.interfaces.contains(where: { $0.name == link.name && ($0.sandbox ?? "").isEmpty }) else {
      throw PluginError(
        .internal, "no veth peer of container interface found in host ns",
        details: "prevResult has no \(quoted(link.name))")
    }
  }
}

// MARK: - In the record

extension HostEnd {
  /// The text by which a record names the link. The name alone does not prove which link it is.
  var mark: String { "\(link.name) \(link.address?.description ?? "")" }

  /// Finds the link that a record names.
  ///
  /// - Returns: nil where it is gone, or where another one has its name.
  static func find(mark: String, on host: borrowing RouteSocket) throws(PluginError) -> HostEnd? {
    guard let blank = mark.utf8.firstIndex(of: UInt8(ascii: " ")) else { return nil }
    let name = String(mark[..<blank])
    guard let link = try netlink({ () throws(NetlinkError) in try host.link(named: name) }) else { return nil }
    let end = HostEnd(link: link)
    return end.mark == mark ? end : nil
  }
}

// MARK: - What comes in

extension HostEnd {
  /// The discipline for what comes in, and the class of it that filters are added to. `clsact`, which programs of the
  /// kernel's eBPF like to bring, takes the place of `ingress`.
  private func ingress(on host: borrowing RouteSocket) throws(PluginError) -> (QueueingDiscipline, TrafficHandle)? {
    let found = try netlink { () throws(NetlinkError) in try host.queueingDiscipline(at: .ingress, of: link.index) }
    guard let found else { return nil }
    return (found, found.kind == .ingress ? .ingressDiscipline : .classActionIngress)
  }

  /// The filters for what comes in.
  func incomingFilters(on host: borrowing RouteSocket) throws(PluginError) -> [TrafficFilter] {
    guard let (_, parent) = try ingress(on: host) else { return [] }
    return try netlink { () throws(NetlinkError) in try host.trafficFilters(of: link.index, parent: parent) }
  }

  /// Sends everything that comes in by another link.
  func redirection(to target: Link, on host: borrowing RouteSocket) throws(PluginError) -> [RouteRequest] {
    guard let (_, parent) = try ingress(on: host) else {
      let filter = Redirection.filter(to: target.index, parent: .ingressDiscipline)
      return [.addQueueingDiscipline(.ingress, to: link.index), .addTrafficFilter(filter, to: link.index)]
    }
    // Behind those that somebody else has put there. Behind the last rank there is none: the kernel may refuse it then.
    var filter = Redirection.filter(to: target.index, parent: parent)
    for other in try incomingFilters(on: host) where other.preference >= filter.preference {
      filter.preference = other.preference == .max ? .max : other.preference + 1
    }
    return [.addTrafficFilter(filter, to: link.index)]
  }
}

// MARK: - Taking back

extension HostEnd {
  /// What takes back all that this plugin, or the reference, has done to the link; empty where that is nothing. What is
  /// somebody else's stays.
  func release(on host: borrowing RouteSocket) throws(PluginError) -> [RouteRequest] {
    var requests: [RouteRequest] = []
    let root = try netlink { () throws(NetlinkError) in try host.queueingDiscipline(at: .root, of: link.index) }
    if let root, Shaper.made(root) { requests.append(.deleteQueueingDiscipline(at: .root, of: link.index)) }

    guard let (discipline, _) = try ingress(on: host) else { return requests }
    let filters = try incomingFilters(on: host)
    var ours: [TrafficFilter] = []
    for filter in filters where try Redirection.made(filter, on: host) { ours.append(filter) }
    if ours.isEmpty { return requests }
    // The packets go their ordinary way again before the detour ends.
    if discipline.kind == .ingress && ours.count == filters.count {
      requests.append(.deleteQueueingDiscipline(at: .ingress, of: link.index))
    } else {
      for var filter in ours {
        // Alone at its rank, it goes with it.
        let isAlone = !filters.contains { $0.preference == filter.preference && $0.number != filter.number }
        if isAlone { filter.number = 0 }
        requests.append(.deleteTrafficFilter(filter, of: link.index))
      }
    }
    return requests
  }
}

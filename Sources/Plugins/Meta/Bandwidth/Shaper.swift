internal import CNI
internal import LinuxSystem
internal import Netlink
internal import RouteNetlink

/// Holds what a link sends to a rate.
///
/// For all packets it is the queueing discipline `tbf` at the root, as the reference has it. For some, it is `htb` with
/// one class that has the rate, filters for the networks, and the packets of no class, which `htb` sends at once.
struct Shaper {
  /// The bucket and the queue.
  let bucket: TokenBucket

  /// The packets that are held to the rate.
  let selection: PacketSelection

  /// Where the address stands that decides.
  let peerAddress: PacketSelection.PeerAddress

  /// The discipline at the root, with the reference's number: it tells that the discipline is the plugin's.
  private static let root = TrafficHandle(1)

  /// The class that has the rate. The number is that of the reference 1.5.
  private static let shapedClass = TrafficHandle(1, 0x30)

  /// How many packets may wait that no rate holds: as many as on most network cards.
  private static let directQueueLength: UInt32 = 1000

  init(_ limit: RateLimit, _ selection: PacketSelection, by peerAddress: PacketSelection.PeerAddress) {
    bucket = limit.tokenBucket
    self.selection = selection
    self.peerAddress = peerAddress
  }

  /// Whether a discipline at the root is one that this plugin, or the reference, has put there.
  static func made(_ discipline: QueueingDiscipline) -> Bool {
    guard discipline.handle == root else { return false }
    switch discipline.kind {
    case .tokenBucket, .hierarchicalTokenBucket: return true
    case .byteQueue, .ingress, .other: return false
    }
  }

  /// What is said to the kernel, in this order.
  func requests(for link: UInt32) -> [RouteRequest] {
    var requests: [RouteRequest] = [.addQueueingDiscipline(discipline, to: link)]
    guard let trafficClass else { return requests }
    requests.append(.addTrafficClass(trafficClass, to: link))
    let queue = QueueingDiscipline(.byteQueue(limit: bucket.limit), parent: trafficClass.handle)
    requests.append(.addQueueingDiscipline(queue, to: link))
    for filter in filters { requests.append(.addTrafficFilter(filter, to: link)) }
    return requests
  }

  /// The discipline at the root.
  private var discipline: QueueingDiscipline {
    func classes(default defaultClass: UInt16) -> QueueingDiscipline.Kind {
      .hierarchicalTokenBucket(
        HierarchicalTokenBucket(defaultClass: defaultClass, directQueueLength: Self.directQueueLength))
    }
    let kind: QueueingDiscipline.Kind =
      switch selection {
      case .everything: .tokenBucket(bucket)
      case .only: classes(default: 0)
      case .allBut: classes(default: UInt16(truncatingIfNeeded: Self.shapedClass.rawValue))
      }
    return QueueingDiscipline(kind, handle: Self.root)
  }

  /// The class that has the rate; nil where all packets have it.
  private var trafficClass: TrafficClass? {
    if selection == .everything { return nil }
    // There is no other class that would want its turn.
    return TrafficClass(Self.shapedClass, of: Self.root, rate: bucket.rate, buffer: bucket.buffer, quantum: 1514)
  }

  /// What sorts the packets.
  private var filters: [TrafficFilter] {
    switch selection {
    case .everything: []
    case .only(let networks):
      networks.map { peerAddress.filter($0, parent: Self.root, into: Self.shapedClass) }
    // The number of the discipline itself, as that of a class, means none.
    case .allBut(let networks): networks.map { peerAddress.filter($0, parent: Self.root, into: Self.root) }
    }
  }
}

// MARK: - CHECK

extension Shaper {
  /// Compares what a link has with what it should have.
  func check(_ link: Link, on host: borrowing RouteSocket) throws(PluginError) {
    let found = try netlink { () throws(NetlinkError) in try host.queueingDiscipline(at: .root, of: link.index) }
    guard let found, found.handle == Self.root else {
      throw PluginError(.internal, "Failed to find qdisc", details: "\(link.name) has no rate")
    }
    switch (found.kind, discipline.kind) {
    case (.tokenBucket(let found), .tokenBucket):
      try compare("Rate", found.rate, bucket.rate, link)
      try compare("Limit", UInt64(found.limit), UInt64(bucket.limit), link)
      try compare("Buffer", UInt64(found.buffer.rawValue), UInt64(bucket.buffer.rawValue), link)
    case (.hierarchicalTokenBucket, .hierarchicalTokenBucket): try checkClass(found, link, on: host)
    default:
      throw PluginError(
        .internal, "Failed to find qdisc", details: "\(link.name) has \(found.kind.name), not \(discipline.kind.name)")
    }
  }

  private func checkClass(_ found: QueueingDiscipline, _ link: Link, on host: borrowing RouteSocket)
    throws(PluginError)
  {
    guard found.kind == discipline.kind else {
      throw PluginError(
        .internal, "Failed to find qdisc", details: "the settings of \(found.kind.name) of \(link.name) are others")
    }
    let classes = try netlink { () throws(NetlinkError) in try host.trafficClasses(of: link.index) }
    guard let shaped = classes.first(where: { $0.handle == Self.shapedClass }) else {
      throw PluginError(.internal, "Failed to find class", details: "\(link.name) has no class \(Self.shapedClass)")
    }
    try compare("Rate", shaped.rate, bucket.rate, link)
    try compare("Buffer", UInt64(shaped.buffer.rawValue), UInt64(bucket.buffer.rawValue), link)
    let queue = try netlink { () throws(NetlinkError) in
      try host.queueingDiscipline(at: Self.shapedClass, of: link.index)
    }
    if case .byteQueue(let limit)? = queue?.kind {
      try compare("Limit", UInt64(limit), UInt64(bucket.limit), link)
    } else {
      throw PluginError(.internal, "Failed to find qdisc", details: "class \(Self.shapedClass) of \(link.name)")
    }
    let present = try netlink { () throws(NetlinkError) in
      try host.trafficFilters(of: link.index, parent: Self.root)
    }
    for filter in filters where !present.contains(where: { $0.does(filter) }) {
      throw PluginError(.internal, "Failed to find filter", details: "\(link.name) lacks that of a subnet")
    }
    // One more would give other packets a rate, or take it from them.
    try compare("Number of filters", UInt64(present.count), UInt64(filters.count), link)
  }

  private func compare(_ what: String, _ found: UInt64, _ wanted: UInt64, _ link: Link) throws(PluginError) {
    if found == wanted { return }
    throw PluginError(
      .internal, "\(what) doesn't match", details: "\(link.name) has \(found), the configuration means \(wanted)")
  }
}

extension TrafficFilter {
  /// Whether this filter of the kernel, which has given it a number, is what was asked for with another one.
  fileprivate func does(_ wanted: TrafficFilter) -> Bool {
    var numbered = wanted
    numbered.number = number
    return self == numbered
  }
}

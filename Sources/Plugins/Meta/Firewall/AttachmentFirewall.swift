internal import CNI
internal import LinuxSystem
internal import NFTables
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink
internal import State

/// What the plugin makes for one attachment.
struct AttachmentFirewall {
  let attachment: Attachment

  /// The container's, whichever interface they belong to.
  let addresses: [IPAddress]

  /// Who lets the packets pass.
  var backend = FirewallConfiguration.Backend.nftables

  /// The zone of firewalld that the addresses are put into.
  var zone = ""

  /// Where connections may come from.
  var ingress = Ingress.open

  /// The port of the bridge that this plugin isolates; nil where it does not.
  var isolatedPort: AttachmentRecord.HostLink?

  /// The elements in the kernel's sets. An ingress policy needs them with each backend.
  private var rules: ForwardingRules? {
    if backend != .nftables && ingress == .open { return nil }
    return ForwardingRules(
      attachment: attachment, addresses: addresses, accepts: backend == .nftables, ingress: ingress)
  }

  private var families: [AddressFamily] {
    AddressFamily.allCases.filter { family in addresses.contains { $0.family == family } }
  }

  // MARK: ADD

  /// Makes it.
  ///
  /// - Parameter adminChain: The chain of people's own rules.
  func make(adminChain: String, environment: Environment) throws(PluginError) {
    // What is kept away comes before what is let pass.
    if let rules {
      let foundation: PacketRules.Foundation = { (batch, socket) throws(NetlinkError) in
        ForwardingRules.layout.lay(in: &batch)
        try completeChains(adminChain, &batch, socket)
      }
      try PacketRules.ofHost().change { (batch, socket) throws(NetlinkError) in
        if try socket.chain(ForwardingRules.forwardingAdmin) == nil { return try foundation(&batch, socket) }
        try completeChains(adminChain, &batch, socket)
      }
      // Somebody may flush all rules between the two: then the elements bring the chains again.
      try rules.add(upon: foundation)
    }
    if let isolatedPort {
      try netlink { () throws(NetlinkError) in try RouteSocket().perform([isolatedPort.setIsolation(true)]) }
    }
    switch backend {
    case .nftables: break
    case .iptables: try IPTablesFirewall(adminChain: adminChain).add(addresses)
    case .firewalld:
      var firewalld = try Firewalld.open(zone: zone, environment: environment)
      for address in addresses { try firewalld.add(address) }
    }
  }

  /// Forgets a port that somebody else has isolated: DEL is not to change that.
  mutating func leavePortThatIsIsolated() throws(PluginError) {
    if let isolatedPort, try isolatedPort.isIsolated { self.isolatedPort = nil }
  }

  private func completeChains(
    _ adminChain: String, _ batch: inout Batch, _ socket: borrowing NFTablesSocket
  ) throws(NetlinkError) {
    try AdminChain(name: adminChain).complete(&batch, socket)
    guard backend == .nftables else { return }
    for family in families { try ForwardChain(family: family, adminChain: adminChain).complete(&batch, socket) }
  }

  // MARK: DEL

  /// Takes back what is there of it. Goes on past what fails.
  func takeBack() throws(PluginError) {
    var failures = FailureList()
    if let rules { failures.collect { () throws(PluginError) in try rules.remove() } }
    if let isolatedPort {
      failures.collect { () throws(PluginError) in try isolatedPort.endIsolation() }
    }
    switch backend {
    case .nftables: break
    case .iptables:
      failures.collect { () throws(PluginError) in try IPTablesFirewall(adminChain: "").delete(addresses) }
    case .firewalld:
      failures.collect { () throws(PluginError) in
        // No bus, no firewalld, and nothing in its zones.
        guard var firewalld = try Firewalld.openIfPresent(zone: zone, environment: .process) else { return }
        for address in addresses { try firewalld.remove(address) }
      }
    }
    try failures.throwIfAny()
  }

  // MARK: CHECK

  /// Verifies that all of it is there.
  ///
  /// - Parameters:
  ///   - adminChain: The chain of people's own rules.
  ///   - isOfReference: Whether the reference has made it: it has no elements in the kernel's sets then. All else is the
  ///     same.
  func check(adminChain: String, isOfReference: Bool, environment: Environment) throws(PluginError) {
    if let rules, !isOfReference {
      try rules.check { (socket) throws(NetlinkError) in
        // What would have to be done for the chains to be as ADD leaves them.
        var missing = Batch()
        try completeChains(adminChain, &missing, socket)
        return missing.operations.last.map { "it is not complete, an ADD would \($0.description)" }
      }
    }
    if let isolatedPort, try !isolatedPort.isIsolated {
      throw PluginError("bridge port \(quoted(isolatedPort.name)) is not isolated")
    }
    switch backend {
    case .nftables: break
    case .iptables: try IPTablesFirewall(adminChain: adminChain).check(addresses)
    case .firewalld:
      var firewalld = try Firewalld.open(zone: zone, environment: environment)
      for address in addresses { try firewalld.check(address) }
    }
  }
}

// MARK: - The journal

extension AttachmentFirewall {
  /// It in words: `backend firewalld`, `zone trusted`, `ingressPolicy same-bridge cni0`, `isolated veth3 02:…`.
  var texts: [String] {
    var texts = ["backend \(backend.rawValue)"]
    if backend == .firewalld { texts.append("zone \(zone)") }
    switch ingress {
    case .open: break
    case .sameBridge(let bridge): texts.append("same-bridge \(bridge)")
    case .isolated: texts.append("isolated ")
    }
    if let isolatedPort { texts.append("port \(isolatedPort.address) \(isolatedPort.name)") }
    return texts
  }

  /// Reads what ``texts`` wrote.
  init(_ record: AttachmentRecord) {
    attachment = record.attachment
    addresses = record.addresses.map(\.address)
    for text in record.owned {
      guard let (word, value) = splitAtBlank(text) else { continue }
      switch word {
      case "backend": backend = FirewallConfiguration.Backend(rawValue: value) ?? backend
      case "zone": zone = value
      case "same-bridge": ingress = .sameBridge(value)
      case "isolated": ingress = .isolated
      case "port":
        guard let (address, name) = splitAtBlank(value), let address = MACAddress(address) else { continue }
        isolatedPort = .init(name: name, address: address)
      default: break
      }
    }
  }
}

// MARK: - The port

extension AttachmentRecord.HostLink {
  /// Switches the isolation of a bridge's port on or off: frames between isolated ports are dropped.
  fileprivate func setIsolation(_ isIsolated: Bool) -> RouteRequest {
    .setBridgePort(.name(name), BridgePortSettings(isolated: isIsolated))
  }

  fileprivate var isIsolated: Bool {
    get throws(PluginError) {
      let link = try netlink { () throws(NetlinkError) in try RouteSocket().link(named: name) }
      return link?.bridgePort?.isolated == true
    }
  }

  /// Switches it off, unless the link is gone or another one has its name.
  fileprivate func endIsolation() throws(PluginError) {
    try netlink { () throws(NetlinkError) in
      let host = try RouteSocket()
      guard let link = try host.link(named: name), link.address == address, link.bridgePort != nil else { return }
      try host.perform(setIsolation(false), tolerating: [.noSuchDevice])
    }
  }
}

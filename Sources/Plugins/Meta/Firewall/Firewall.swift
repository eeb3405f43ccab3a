internal import CNI
internal import LinuxSystem
internal import NetworkAddresses
internal import NetworkNamespaces
internal import RouteNetlink
internal import State

/// The `firewall` plugin: lets the host forward what containers send and are answered, whatever it does with other
/// packets; and keeps from a container what its ingress policy excludes.
struct Firewall: ChainedPlugin {
  let name = "firewall"

  /// Those of the reference: the result of an older one does not say enough.
  let supportedVersions = SpecVersion.allCases.filter { $0 >= .v0_4_0 }

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let configuration = try FirewallConfiguration(call)
    let result = try previousResult(of: call)
    var firewall = try plan(configuration, call, result)
    return try transaction(call) { (attachment) throws(PluginError) in
      try firewall.leavePortThatIsIsolated()
      let firewall = firewall
      try attachment.announce { record in
        record.addresses = firewall.addresses.map { CIDR(host: $0) }
        record.owned = firewall.texts
      }
      try firewall.make(adminChain: configuration.adminChain, environment: call.environment)
      return result
    }
  }

  func takeBack(_ record: AttachmentRecord, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    try AttachmentFirewall(record).takeBack()
  }

  func takeBackUnrecorded(_ call: Call, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    // Without a result, or with one that cannot be read, nobody knows the addresses.
    guard let result = try? call.previousResult() else { return }
    var failures = FailureList()
    let addresses = addresses(of: result)
    var firewall = AttachmentFirewall(attachment: call.attachment, addresses: addresses)
    // What a record tells of is gone by now.
    if Journal().record(of: call.attachment, plugin: name) == nil {
      if let side = try? HostSide.find(for: call, in: result, policy: "") { firewall.ingress = .sameBridge(side.name) }
      failures.collect { () throws(PluginError) in try firewall.takeBack() }
    }
    failures.collect { () throws(PluginError) in try ReferenceFirewall(addresses: addresses).remove() }
    // Those who name another backend had the reference use it, too.
    firewall.ingress = .open
    firewall.backend = FirewallConfiguration.backendIfNamed(call)
    firewall.zone = FirewallConfiguration.zoneIfNamed(call)
    if firewall.backend != .nftables { failures.collect { () throws(PluginError) in try firewall.takeBack() } }
    try failures.throwIfAny()
  }

  func check(_ call: Call) throws(PluginError) {
    let configuration = try FirewallConfiguration(call)
    let firewall = try plan(configuration, call, previousResult(of: call))
    // What the reference has made for a container works until its DEL, on a node that has changed over to ours.
    var isOfReference = false
    if Journal().record(of: call.attachment, plugin: name) == nil {
      isOfReference = try ReferenceFirewall(addresses: firewall.addresses).isPresent()
    }
    try firewall.check(
      adminChain: configuration.adminChain, isOfReference: isOfReference, environment: call.environment)
  }

  func status(_ call: Call) throws(PluginError) {
    let configuration = try FirewallConfiguration(call)
    try Readiness(call: call, addressManager: nil).check()
    // An ingress policy is made of packet rules with each backend.
    if configuration.ingressPolicy != .open { try RuleBackend.nftables.checkReadiness() }
    switch configuration.backend {
    case .nftables: try RuleBackend.nftables.checkReadiness()
    case .iptables: try RuleBackend.iptables.checkReadiness()
    case .firewalld:
      do throws(PluginError) {
        var firewalld = try Firewalld.open(zone: configuration.firewalldZone, environment: call.environment)
        try firewalld.checkPresence()
      } catch {
        throw PluginError(.unavailable, error.message, details: error.details)
      }
    }
  }

  // MARK: What is wanted

  /// What the configuration asks for, on this host.
  private func plan(
    _ configuration: FirewallConfiguration, _ call: Call, _ result: AttachmentResult
  ) throws(PluginError) -> AttachmentFirewall {
    var firewall = AttachmentFirewall(attachment: call.attachment, addresses: addresses(of: result))
    firewall.backend = configuration.backend
    firewall.zone = configuration.firewalldZone
    if configuration.ingressPolicy == .open { return firewall }

    let side = try HostSide.find(for: call, in: result, policy: configuration.ingressPolicy.rawValue)
    if configuration.ingressPolicy == .sameBridge {
      firewall.ingress = .sameBridge(side.name)
      return firewall
    }
    firewall.ingress = .isolated
    if let port = side.port, let address = port.address {
      firewall.isolatedPort = .init(name: port.name, address: address)
    }
    return firewall
  }

  private func previousResult(of call: Call) throws(PluginError) -> AttachmentResult {
    try call.requiredPreviousResult("missing prevResult from earlier plugin")
  }

  /// The addresses of a result, each once.
  private func addresses(of result: AttachmentResult) -> [IPAddress] {
    var addresses: [IPAddress] = []
    for entry in result.addresses where !addresses.contains(entry.address.address) {
      addresses.append(entry.address.address)
    }
    return addresses
  }
}

internal import CNI
internal import LinuxSystem
internal import NetworkAddresses
internal import NetworkNamespaces
internal import State

/// The `portmap` plugin: publishes ports of a container as ports of the host (the capability `portMappings`).
struct PortMap: ChainedPlugin {
  let name = "portmap"

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let plan = try PortMapPlan(call)
    let published = try plan.publishedPorts()
    if published.ports.isEmpty { return plan.result }
    return try transaction(call) { (attachment) throws(PluginError) in
      var owned = PortMapRecord(published)
      owned.usesIPTables = plan.configuration.backend == .iptables
      do throws(PluginError) {
        try attachment.announce { record in
          record.addresses = published.addresses
          record.owned = owned.texts
        }
      } catch {
        // Tens of thousands of ports that are not in a row make a record that nobody would read back.
        throw error.during("cannot record \(plan.configuration.mappings.count) portMappings")
      }
      switch plan.configuration.backend {
      case .nftables: try published.add()
      case .iptables: try published.withIPTables.add(plan.configuration)
      }
      try StaleFlows.end(before: published.ports)
      if let link = try plan.localnetLink() {
        try link.open(for: published.attachment) { () throws(PluginError) in
          owned.localnetLink = link.name
          try attachment.announce { $0.owned = owned.texts }
        }
      }
      return plan.result
    }
  }

  func check(_ call: Call) throws(PluginError) {
    let plan = try PortMapPlan(call)
    let published = try plan.publishedPorts()
    if published.ports.isEmpty { return }
    let record = Journal().record(of: call.attachment, plugin: name)
    switch plan.configuration.backend {
    case .nftables:
      // What the reference has made for a container works until its DEL, on a node that has changed over to ours. With
      // iptables it is the same as what ours makes.
      let reference = ReferencePortMap(
        attachment: call.attachment, addresses: published.addresses.map(\.address))
      if record == nil, try reference.isPresent() { return }
      try published.check()
    case .iptables: try published.withIPTables.check(plan.configuration)
    }
    if let record, let link = PortMapRecord(record.owned).localnetLink {
      try LocalnetLink(recordedAs: link).check()
    }
  }

  func status(_ call: Call) throws(PluginError) {
    let configuration = try PortMapConfiguration(call)
    try Readiness(call: call, addressManager: nil).check()
    try configuration.backend.checkReadiness()
  }

  // MARK: Taking back

  func takeBack(_ record: AttachmentRecord, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    let owned = PortMapRecord(record.owned)
    var failures = FailureList()
    if owned.usesIPTables {
      failures.collect { () throws(PluginError) in
        try IPTablesPortMap(attachment: record.attachment, addresses: record.addresses).remove()
      }
    } else {
      failures.collect { () throws(PluginError) in
        try PublishedPorts.remove(owned, of: record.attachment, record.addresses)
      }
    }
    failures.collect { () throws(PluginError) in try StaleFlows.end(after: owned.ports) }
    if let link = owned.localnetLink {
      failures.collect { () throws(PluginError) in
        try LocalnetLink(recordedAs: link).close(for: record.attachment)
      }
    }
    try failures.throwIfAny()
  }

  func takeBackUnrecorded(_ call: Call, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    if Journal().record(of: call.attachment, plugin: name) != nil { return }
    // A mistake in the configuration must not keep an attachment from being removed.
    let plan = try? PortMapPlan(call)
    var failures = FailureList()
    failures.collect { () throws(PluginError) in
      let addresses = plan?.addresses.map(\.address) ?? []
      try ReferencePortMap(attachment: call.attachment, addresses: addresses).remove()
    }
    if let published = try? plan?.publishedPorts() {
      failures.collect { () throws(PluginError) in
        try PublishedPorts.remove(PortMapRecord(published), of: call.attachment, published.addresses)
      }
    }
    if let link = try? plan?.localnetLink() {
      failures.collect { () throws(PluginError) in try link.close(for: call.attachment) }
    }
    try failures.throwIfAny()
  }
}

extension PublishedPorts {
  /// The same ports for the tools of iptables.
  fileprivate var withIPTables: IPTablesPortMap { IPTablesPortMap(attachment: attachment, addresses: addresses) }
}

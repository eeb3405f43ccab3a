internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import NetworkNamespaces
internal import RouteNetlink
internal import State
internal import SystemPackage

/// The `bandwidth` plugin: limits how fast a container receives and sends, at the host's end of its veth pair.
///
/// What comes to the container goes out there, and is held by a queueing discipline. What it sends comes in there, where
/// nothing can be held: it takes a detour through a link of its own, ``Redirection``.
struct Bandwidth: ChainedPlugin {
  let name = "bandwidth"

  /// Those of the reference: a result of an earlier one has no interfaces.
  let supportedVersions = SpecVersion.allCases.filter { $0 >= .v0_3_0 }

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let previous = try call.requiredPreviousResult("must be called as chained plugin")
    let configuration = try BandwidthConfiguration(call)
    if configuration.isUnlimited {
      try removeEarlierLimits(call)
      return previous
    }
    let namespaces = try AttachmentNamespaces.open(for: call)
    let end = try HostEnd.find(call.interfaceName, in: namespaces.container, on: namespaces.host)
    try end.require(in: previous)
    return try transaction(call) { (attachment) throws(PluginError) in
      try limit(end, configuration, &attachment, previous, on: namespaces.host)
    }
  }

  private func limit(
    _ end: HostEnd, _ configuration: BandwidthConfiguration, _ attachment: inout ChainedAttachment,
    _ previous: AttachmentResult, on host: borrowing RouteSocket
  ) throws(PluginError) -> AttachmentResult {
    // What the reference, or a call whose record was lost, has made for this very interface is replaced.
    var requests = try end.release(on: host)
    let replaced = requests.isEmpty ? [] : try Redirection.unrecorded(of: attachment.record.attachment, on: host)
    try attachment.announce { $0.owned = [end.mark] }
    if !requests.isEmpty {
      try netlink { () throws(NetlinkError) in try host.perform(requests) }
      try remove(replaced, from: host)
    }

    var result = previous
    requests = []
    if let limit = configuration.ingress {
      requests += Shaper(limit, configuration.selection, by: .source).requests(for: end.link.index)
    }
    if let limit = configuration.egress {
      let detour = try Redirection.make(mtu: end.link.mtu, for: &attachment, on: host)
      requests += Shaper(limit, configuration.selection, by: .destination).requests(for: detour.index)
      requests += try end.redirection(to: detour, on: host)
      result.interfaces.append(AttachmentInterface(name: detour.name, mac: detour.address?.description ?? ""))
    }
    do throws(NetlinkError) {
      try host.perform(requests)
    } catch {
      throw PluginError(error).during("failed to limit the bandwidth at \(end.link.name)")
    }
    return result
  }

  /// An attachment that was limited once may be added again without limits. Most never were, and have no record.
  private func removeEarlierLimits(_ call: Call) throws(PluginError) {
    let isRecorded = try system { () throws(SystemError) in
      switch try Journal().entry(of: call.attachment, plugin: name) {
      case .some: true
      case nil: false
      }
    }
    if isRecorded { try delete(call) }
  }

  func check(_ call: Call) throws(PluginError) {
    let previous = try call.requiredPreviousResult("must be called as a chained plugin")
    let configuration = try BandwidthConfiguration(call)
    if configuration.isUnlimited { return }
    let namespaces = try AttachmentNamespaces.open(for: call)
    let end = try HostEnd.find(call.interfaceName, in: namespaces.container, on: namespaces.host)
    try end.require(in: previous)
    if let limit = configuration.ingress {
      try Shaper(limit, configuration.selection, by: .source).check(end.link, on: namespaces.host)
    }
    if let limit = configuration.egress {
      let detour = try Redirection.check(end, of: call.attachment, on: namespaces.host)
      try Shaper(limit, configuration.selection, by: .destination).check(detour, on: namespaces.host)
    }
  }

  func status(_ call: Call) throws(PluginError) {
    _ = try BandwidthConfiguration(call)
    try Readiness(call: call, addressManager: nil).check()
    try KernelSupport.check()
  }
}

// MARK: - Taking back

extension Bandwidth {
  func takeBack(_ record: AttachmentRecord, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    let host = try netlink { () throws(NetlinkError) in try RouteSocket() }
    var failures = FailureList()
    for mark in record.owned {
      failures.collect { () throws(PluginError) in
        guard let end = try HostEnd.find(mark: mark, on: host) else { return }
        try release(end, on: host)
      }
    }
    failures.collect { () throws(PluginError) in
      try removeHostLinks(recordedAs: .record(record), of: record.attachment, from: host)
    }
    try failures.throwIfAny()
  }

  func takeBackUnrecorded(_ call: Call, in namespace: borrowing NetworkNamespace?) throws(PluginError) {
    let host = try netlink { () throws(NetlinkError) in try RouteSocket() }
    var failures = FailureList()
    failures.collect { () throws(PluginError) in
      guard let end = try unrecordedEnd(call, in: namespace, on: host) else { return }
      try release(end, on: host)
    }
    failures.collect { () throws(PluginError) in
      try remove(Redirection.unrecorded(of: call.attachment, on: host), from: host)
    }
    try failures.throwIfAny()
  }

  /// The host's end of the container's interface, where something was done to it that no record of this network tells.
  private func unrecordedEnd(
    _ call: Call, in namespace: borrowing NetworkNamespace?, on host: borrowing RouteSocket
  ) throws(PluginError) -> HostEnd? {
    let found: HostEnd?
    switch namespace {
    case .some(let namespace):
      let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
      // An interface that is gone, or none of a pair, has nothing of this plugin's.
      found = try? HostEnd.find(call.interfaceName, in: container, on: host)
    // The pair is gone with the namespace.
    case nil: found = nil
    }
    guard let found, try !found.release(on: host).isEmpty else { return nil }
    // A runtime sends DEL after an ADD that failed, also where it failed because the name was another network's.
    let isAnothers = try system { () throws(SystemError) in
      try Journal().hasRecordOfAnotherNetwork(for: call.attachment)
    }
    return isAnothers ? nil : found
  }

  /// Takes back what was done to the host's end. What is gone by now is what is wanted.
  private func release(_ end: HostEnd, on host: borrowing RouteSocket) throws(PluginError) {
    let outcomes = host.performAll(try end.release(on: host))
    for case let error? in outcomes where error.code != .noSuchDevice && error.code != .noSuchFileOrDirectory {
      throw PluginError(error)
    }
  }
}

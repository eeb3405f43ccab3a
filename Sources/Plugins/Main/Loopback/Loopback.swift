internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import NetworkNamespaces
internal import RouteNetlink

/// The `loopback` plugin: takes `lo` of the container up. It works on `lo` whatever `CNI_IFNAME` says.
struct Loopback: Plugin {
  let name = "loopback"

  /// The interface that the kernel puts into each network namespace.
  private static let interface = "lo"

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    let previous = try call.previousResult()
    let namespace = try openNamespace(of: call)
    let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
    try netlink { () throws(NetlinkError) in
      try container.perform([.setLink(.name(Self.interface), LinkChanges(isUp: true))])
    }
    let addresses = try addresses(in: container)
    if let previous { return previous }

    var result = AttachmentResult()
    result.interfaces = [
      AttachmentInterface(name: Self.interface, mac: MACAddress(rawValue: 0).description, sandbox: call.namespacePath)
    ]
    // One of each family, as the reference shows them.
    result.addresses = [AddressFamily.ipv4, .ipv6].compactMap { family in
      addresses.first { $0.address.family == family }.map { AttachmentAddress(interface: 0, address: $0) }
    }
    return result
  }

  /// The addresses of the interface.
  ///
  /// - Throws: When one of them is not a loopback address.
  private func addresses(in container: borrowing RouteSocket) throws(PluginError) -> [CIDR] {
    let link = try loopbackLink(in: container)
    let addresses = try netlink { () throws(NetlinkError) in try container.addresses(of: link.index) }.map(\.cidr)
    for cidr in addresses where !cidr.address.isLoopback {
      throw PluginError(
        .internal, "loopback interface found with non-loopback address \(quoted(cidr.address.description))")
    }
    return addresses
  }

  private func loopbackLink(in container: borrowing RouteSocket) throws(PluginError) -> Link {
    guard let link = try netlink({ () throws(NetlinkError) in try container.link(named: Self.interface) }) else {
      throw PluginError(.internal, "interface \(quoted(Self.interface)) not found")
    }
    return link
  }

  func delete(_ call: Call) throws(PluginError) {
    guard let namespace = try openNamespaceIfPresent(of: call) else { return }
    try netlink { () throws(NetlinkError) in
      let container = try RouteSocket(in: namespace)
      _ = try container.perform(
        .setLink(.name(Self.interface), LinkChanges(isUp: false)), tolerating: [.noSuchDevice])
    }
  }

  func check(_ call: Call) throws(PluginError) {
    let namespace = try openNamespace(of: call)
    let container = try netlink { () throws(NetlinkError) in try RouteSocket(in: namespace) }
    if !(try loopbackLink(in: container).isUp) { throw PluginError(.internal, "loopback interface is down") }
  }

  /// The plugin keeps nothing that could be left behind.
  func collectGarbage(_ call: Call) throws(PluginError) {}

  /// Each namespace has a `lo`: there is nothing that an ADD could lack.
  func status(_ call: Call) throws(PluginError) {}
}

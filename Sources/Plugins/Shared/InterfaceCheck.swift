internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import RouteNetlink

/// Compares the interface in a container with the result of its ADD.
struct InterfaceCheck {
  let call: Call
  let previous: AttachmentResult

  /// Takes the result of the ADD out of the call.
  init(_ call: Call) throws(PluginError) {
    self.call = call
    previous = try call.requiredPreviousResult()
  }

  /// The place in the result of the container's interface: the one of its name in this very namespace.
  private var position: Int? {
    previous.interfaces.lastIndex {
      $0.name == call.attachment.interfaceName && $0.sandbox == call.namespacePath
    }
  }

  /// The entry of the interface in the result.
  func containerInterface() throws(PluginError) -> AttachmentInterface {
    guard let position else {
      throw PluginError(
        .internal,
        "prevResult has no interface \(quoted(call.attachment.interfaceName)) whose sandbox is the configured netns: "
          + call.namespacePath)
    }
    return previous.interfaces[position]
  }

  /// The addresses of the interface. Those of other interfaces are a later plugin's of the chain.
  var addresses: [AttachmentAddress] {
    previous.addresses.filter { $0.interface == nil || $0.interface == position }
  }

  /// Checks that the interface is there, is of the kind that the plugin makes and has the hardware address of the result.
  ///
  /// - Returns: The link in the container.
  func link(_ entry: AttachmentInterface, ofKind kind: String, in container: borrowing RouteSocket) throws(PluginError)
    -> Link
  {
    guard let link = try netlink({ () throws(NetlinkError) in try container.link(named: entry.name) }) else {
      throw PluginError(.internal, "container interface \(quoted(entry.name)) not found")
    }
    guard link.kind == kind else {
      throw PluginError(.internal, "container interface \(quoted(entry.name)) is not of type \(kind)")
    }
    try checkAddress(of: link, entry)
    return link
  }

  /// Checks that a link has the hardware address that the result tells, where it tells one.
  func checkAddress(of link: Link, _ entry: AttachmentInterface) throws(PluginError) {
    guard !entry.mac.isEmpty, let address = link.address else { return }
    if MACAddress(entry.mac) != address {
      throw PluginError(.internal, "interface \(quoted(entry.name)): MAC is \(address), prevResult says \(entry.mac)")
    }
  }

  /// Checks that the interface has each address of the result that belongs to it, and that the routes are there.
  func checkAddressesAndRoutes(of link: Link, in container: borrowing RouteSocket) throws(PluginError) {
    let present = try netlink { () throws(NetlinkError) in try container.addresses(of: link.index) }
    for address in addresses where !present.contains(where: { $0.cidr == address.address }) {
      throw PluginError(.internal, "failed to match addr \(address.address) on interface \(link.name)")
    }
    if previous.routes.isEmpty { return }
    let routes = try netlink { () throws(NetlinkError) in try container.routes() }
    for expected in previous.routes {
      let wanted = Route(
        expected, linkIndex: link.index,
        defaultGateway: previous.gateway(for: expected.destination.address.family))
      if !routes.contains(where: { $0.serves(wanted, inAnyTable: expected.table == nil) }) {
        throw PluginError(.internal, "expected route to \(wanted) not found in routing table")
      }
    }
  }
}

extension Route {
  /// Whether this route of the kernel is what was asked for with another one. A later plugin of the chain may have
  /// changed what is not compared here: metric, MTU; and the table, where none was asked for (`sbr`).
  fileprivate func serves(_ wanted: Route, inAnyTable: Bool) -> Bool {
    guard destination.network == wanted.destination.network else { return false }
    guard table == wanted.table || inAnyTable && linkIndex == wanted.linkIndex else { return false }
    guard let gateway = wanted.gateway else { return true }
    return self.gateway == gateway || nexthops.contains { $0.gateway == gateway }
  }
}

internal import CNI
internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// A port of a bridge, and the one hardware address that frames may come in from.
struct GuardedPort {
  /// The name of the link.
  var name: String

  /// The address of the container's end.
  var address: MACAddress
}

/// Drops the frames of a container that come from another hardware address than its own (`macspoofchk`).
struct SpoofCheck {
  let attachment: Attachment
  let port: GuardedPort

  func add() throws(PluginError) {
    try PacketRules().put(entries) { (batch, _) in Self.layout.lay(in: &batch) }
  }

  func remove() throws(PluginError) {
    try PacketRules().remove(entries.map { ($0.set, $0.element.key) }, of: attachmentComment(of: attachment))
  }

  func check() throws(PluginError) {
    try PacketRules().check("macspoofchk", of: attachment, Self.layout, entries)
  }

  /// Two elements: that the port is guarded, and the address that may come in through it.
  private var entries: [PacketRules.Entry] {
    let comment = attachmentComment(of: attachment)
    let name = ElementKey(.interfaceName(port.name))
    let pair = ElementKey(.interfaceName(port.name), .hardwareAddress(port.address))
    return [
      .init(set: Self.ports, element: SetElement(name, comment: comment)),
      .init(set: Self.addresses, element: SetElement(pair, comment: comment)),
    ]
  }
}

// MARK: - What stands in the table

extension SpoofCheck {
  private static let ports = SetReference(PacketRules.bridgeTable, "guarded-ports")
  private static let addresses = SetReference(PacketRules.bridgeTable, "port-addresses")

  private static var layout: RuleLayout {
    var layout = RuleLayout(table: PacketRules.bridgeTable)
    layout.sets = [
      SetDefinition(ports, key: [.interfaceName], comment: "ports that one hardware address may come in through"),
      SetDefinition(addresses, key: [.interfaceName, .hardwareAddress], comment: "port . that address"),
    ]
    // Before everything else that looks at frames, as the reference has it.
    layout.addBaseChain("spoofing", .init(.filter, .prerouting, priority: ChainPriority.bridgeDestinationNAT)) { chain in
      chain.rules.append(
        Rule(
          .match(.inputInterfaceName, in: ports.name),
          .match(.inputInterfaceName, .sourceHardwareAddress, notIn: addresses.name), .drop))
    }
    return layout
  }
}

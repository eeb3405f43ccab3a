internal import CNI
internal import NFTables
internal import Netlink
internal import NetworkAddresses
internal import State

/// The ports that are published for one attachment, as elements of the maps and sets of ``PublishingLayout``.
struct PublishedPorts {
  let attachment: Attachment

  let ports: [PublishedPort]

  /// The container's address of each family, with the prefix of its subnet.
  let addresses: [CIDR]

  /// From where connections get an address of the host as their source.
  var translation: SourceTranslation

  /// What must be fulfilled beyond the port; nil for nothing.
  var conditionsV4: Conditions?
  var conditionsV6: Conditions?

  /// From where connections get an address of the host as their source.
  enum SourceTranslation {
    /// From nowhere: `"snat": false`.
    case none
    /// From the container's subnet, and from the host's loopback addresses.
    case fromNearby
    /// From everywhere: `masqAll`.
    case fromEverywhere
  }

  /// Code 100 and above are the plugin's own: somebody else has published the port.
  static let portTaken = ErrorCode(rawValue: 100)

  /// Publishes the ports: all of them, or none where somebody else has one.
  ///
  /// - Throws: Code 100 with the port and its holder.
  func add() throws(PluginError) {
    let rules = try PacketRules.ofHost()
    let (ports, members) = (portEntries, memberEntries)
    guard let position = try rules.create(ports + members, upon: lay) else { return }
    let isPort = position < ports.count
    if isPort, holder(of: ports[position], rules) != attachmentComment(of: attachment) {
      throw taken(position, ports, rules)
    }
    // Left by an ADD of this attachment whose record was lost; or the address was somebody's who is gone without a word.
    // Ports of others are not taken over.
    if isPort { try Self.remove(PortMapRecord(self), of: attachment, addresses) }
    if let position = try rules.create(ports, upon: lay) { throw taken(position, ports, rules) }
    try rules.put(members, upon: lay)
  }

  /// Whom an element belongs to; nil where nobody says.
  private func holder(of entry: PacketRules.Entry, _ rules: borrowing PacketRules) -> String? {
    (try? rules.socket.element(entry.element.key, of: entry.set))?.comment
  }

  private func taken(
    _ position: Int, _ entries: [PacketRules.Entry], _ rules: borrowing PacketRules
  ) -> PluginError {
    PluginError(
      Self.portTaken,
      "host \(ports[position]) is taken by \(holder(of: entries[position], rules) ?? "somebody else")",
      details: "network/container/interface, as in the element of \(entries[position].set)")
  }

  /// Verifies that everything is there as ``add()`` has made it.
  func check() throws(PluginError) {
    let entries = portEntries + memberEntries
    try PacketRules.ofHost().check("port mapping", of: attachment, PublishingLayout.layout, entries) {
      (socket) throws(NetlinkError) in
      for (port, entry) in zip(ports, entries) {
        if try socket.element(entry.element.key, of: entry.set)?.value != entry.element.value {
          return "\(port) leads elsewhere than to \(port.containerAddress) port \(port.containerPort)"
        }
      }
      return nil
    }
  }

  // MARK: Elements

  /// One for each port, in the order of the ports.
  private var portEntries: [PacketRules.Entry] {
    let comment = attachmentComment(of: attachment)
    return ports.map { port in
      let conditions = port.family == .ipv4 ? conditionsV4 : conditionsV6
      let data = ElementKey(.address(port.containerAddress), .port(port.containerPort))
      return PacketRules.Entry(
        set: port.map(conditions?.name), element: SetElement(port.key, data: data, comment: comment))
    }
  }

  private var memberEntries: [PacketRules.Entry] {
    var entries: [PacketRules.Entry] = []
    let comment = attachmentComment(of: attachment)
    for address in addresses {
      for (set, key) in Self.members(address, translation) {
        entries.append(.init(set: set, element: SetElement(key, comment: comment)))
      }
    }
    return entries
  }

  /// The sets that a container's address is in.
  private static func members(
    _ address: CIDR, _ translation: SourceTranslation
  ) -> [(set: SetReference, key: ElementKey)] {
    let key = ElementKey(.address(address.address))
    let family = address.address.family
    switch translation {
    case .none: return []
    case .fromEverywhere: return [(PublishingLayout.publishedToAll(family), key)]
    case .fromNearby:
      let subnet = PublishingLayout.publishedToSubnet
      let inSubnet = (set: subnet.set(for: address), key: subnet.key(for: address))
      return family == .ipv4 ? [(PublishingLayout.publishedToLoopback, key), inSubnet] : [inSubnet]
    }
  }

  private func lay(_ batch: inout Batch, _ socket: borrowing NFTablesSocket) throws(NetlinkError) {
    PublishingLayout.layout.lay(in: &batch)
    if case .fromNearby = translation {
      try PublishingLayout.publishedToSubnet.lay(for: addresses, in: &batch, socket)
    }
    if let conditionsV4 { try PublishingLayout.lay(conditionsV4, in: &batch, socket) }
    if let conditionsV6 { try PublishingLayout.lay(conditionsV6, in: &batch, socket) }
  }

  // MARK: Taking back

  /// Removes what a record tells of, as far as it is there and belongs to the attachment.
  ///
  /// - Parameter addresses: The container's.
  static func remove(
    _ record: PortMapRecord, of attachment: Attachment, _ addresses: [CIDR]
  ) throws(PluginError) {
    var keys: [(set: SetReference, key: ElementKey)] = []
    for port in record.ports { keys.append((port.map(record.conditions(for: port.family)), port.key)) }
    for address in addresses {
      keys += members(address, .fromNearby)
      keys += members(address, .fromEverywhere)
    }
    try PacketRules.ofHostIfAny()?.remove(keys, of: attachmentComment(of: attachment))
  }
}

extension PublishedPort {
  /// The map that it is in.
  fileprivate func map(_ conditions: String?) -> SetReference {
    hostAddress.isUnspecified
      ? PublishingLayout.ports(family, conditions) : PublishingLayout.addressPorts(family, conditions)
  }

  /// Its key there.
  fileprivate var key: ElementKey {
    hostAddress.isUnspecified
      ? ElementKey(.protocol(transport.number), .port(hostPort))
      : ElementKey(.address(hostAddress), .protocol(transport.number), .port(hostPort))
  }
}

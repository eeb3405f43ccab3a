internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// What stands in the table for all published ports: maps from ports of the host to ports of containers, and the chains
/// that look packets up in them.
enum PublishingLayout {
  /// The mark of the first packet of a connection to a published port, between the two places where it is translated.
  ///
  /// It must be nobody else's, because it is cleared there: 0x2000 is that of the reference and of netavark, 0x4000 and
  /// 0x8000 are those of Kubernetes, 0xf00 are those of Cilium, the upper half are those of Calico.
  static let mark: UInt32 = 0x20

  // MARK: Maps and sets

  /// Ports of all addresses of the host.
  ///
  /// - Parameter conditions: What stands for the conditions under which the ports are published; nil for none.
  static func ports(_ family: AddressFamily, _ conditions: String?) -> SetReference {
    SetReference(PacketRules.table, "host-ports\(family.digit)\(conditions.map { "-" + $0 } ?? "")")
  }

  /// Ports of one address of the host. They go before those of all addresses.
  static func addressPorts(_ family: AddressFamily, _ conditions: String?) -> SetReference {
    SetReference(PacketRules.table, "host-address-ports\(family.digit)\(conditions.map { "-" + $0 } ?? "")")
  }

  /// Containers to which connections from anywhere get an address of the host as their source.
  static func publishedToAll(_ family: AddressFamily) -> SetReference {
    SetReference(PacketRules.table, "published-to-all\(family.digit)")
  }

  /// Containers to which connections from the host's loopback addresses do.
  static let publishedToLoopback = SetReference(PacketRules.table, "published-to-loopback")

  /// Containers to which connections from their own subnet do, or from themselves: the answers would not come back this
  /// way.
  static let publishedToSubnet = SubnetSets(name: "published-to-subnet", chain: "published-to-subnets") {
    family, prefixLength, set in
    Rule(
      .family(family),
      .match(
        .destinationAddress(family), .sourceAddress(family).network(prefixLength: prefixLength), in: set.name),
      .masquerade())
  }

  /// Links through which packets of the host's loopback addresses go out (`route_localnet`).
  static let localnetLinks = SetReference(PacketRules.table, "localnet-links")

  private static func definitions(_ family: AddressFamily, _ conditions: String?, _ comment: String) -> [SetDefinition]
  {
    let address = family.dataType
    return [
      SetDefinition(
        addressPorts(family, conditions), key: [address, .layer4Protocol, .port], value: .data([address, .port]),
        comment: comment),
      SetDefinition(
        ports(family, conditions), key: [.layer4Protocol, .port], value: .data([address, .port]), comment: comment),
    ]
  }

  // MARK: Chains

  /// Rules for the ports of one address of the host that are published under conditions.
  private static let conditionalAddressPorts = ChainReference(PacketRules.table, "conditional-host-address-ports")

  /// Rules for the other ports that are published under conditions.
  private static let conditionalPorts = ChainReference(PacketRules.table, "conditional-host-ports")

  private static func translate(_ family: AddressFamily, addressPorts map: SetReference) -> Statement {
    .destinationNAT(
      family, .destinationAddress(family), .layer4Protocol, .destinationPort, map: map.name)
  }

  private static func translate(_ family: AddressFamily, ports map: SetReference) -> Statement {
    .destinationNAT(family, .layer4Protocol, .destinationPort, map: map.name)
  }

  /// Everything but what conditions and lengths of prefixes need.
  static var layout: RuleLayout {
    var layout = RuleLayout(table: PacketRules.table)
    layout.openChains = [conditionalAddressPorts, conditionalPorts]
    for family in AddressFamily.allCases {
      layout.sets += definitions(family, nil, "port of the host : port of a container")
      layout.sets.append(
        SetDefinition(
          publishedToAll(family), key: [family.dataType], comment: "published with masqAll"))
      layout.openChains.append(publishedToSubnet.chain(for: family))
    }
    layout.sets.append(
      SetDefinition(
        publishedToLoopback, key: [.ipv4Address], comment: "published to 127.0.0.0/8 of the host"))
    addTranslation(to: &layout)
    addReturn(to: &layout)
    return layout
  }

  /// The way in: the destination is translated where a packet comes from outside, and where it is made.
  private static func addTranslation(to layout: inout RuleLayout) {
    for (name, hook) in [("publishing-in", Chain.Hook.prerouting), ("publishing-out", .output)] {
      layout.addBaseChain(name, .init(.nat, hook, priority: ChainPriority.destinationNAT)) { chain in
        chain.rules.append(Rule(.toLocalAddress, .goTo("host-ports")))
      }
    }
    layout.addChain("host-ports") { chain in
      chain.rules.append(Rule(.setMark(mark), comment: "until it leaves"))
      chain.rules.append(Rule(.jump(conditionalAddressPorts.name)))
      for family in AddressFamily.allCases {
        chain.rules.append(Rule(.family(family), translate(family, addressPorts: addressPorts(family, nil))))
      }
      chain.rules.append(Rule(.jump(conditionalPorts.name)))
      chain.rules.append(Rule(.ipv4, translate(.ipv4, ports: ports(.ipv4, nil))))
      // From ::1 nothing gets out of the host. Who tries is told at once when the packet stays what it is, and tries
      // 127.0.0.1 next.
      chain.rules.append(
        Rule(
          .ipv6, .match(.destinationAddress(.ipv6), notIn: .loopback(.ipv6)),
          translate(.ipv6, ports: ports(.ipv6, nil))))
      chain.rules.append(Rule(.clearMark(mark), comment: "not published"))
    }
  }

  /// The way out: the source is translated where answers would not come back this way.
  private static func addReturn(to layout: inout RuleLayout) {
    let base = Chain.Base(.nat, .postrouting, priority: ChainPriority.sourceNAT - 1)
    layout.addBaseChain("publishing-return", base) { chain in
      chain.rules.append(Rule(.mark(has: mark), .goTo("published")))
    }
    layout.addChain("published") { chain in
      chain.rules.append(Rule(.clearMark(mark)))
      for family in AddressFamily.allCases {
        chain.rules.append(
          Rule(
            .family(family), .match(.destinationAddress(family), in: publishedToAll(family).name), .masquerade()))
      }
      chain.rules.append(
        Rule(
          .ipv4, .match(.sourceAddress(.ipv4), in: .loopback(.ipv4)),
          .match(.destinationAddress(.ipv4), in: publishedToLoopback.name), .masquerade()))
      for family in AddressFamily.allCases {
        chain.rules.append(Rule(.family(family), .jump(publishedToSubnet.chain(for: family).name)))
      }
    }
  }

  // MARK: Guard

  /// With `route_localnet` the kernel takes packets to its loopback addresses from a link. They are for nobody there.
  static var guardLayout: RuleLayout {
    var layout = RuleLayout(table: PacketRules.table)
    layout.sets.append(
      SetDefinition(localnetLinks, key: [.interfaceName], comment: "links with route_localnet"))
    // Before connections are tracked: an answer that goes back to a loopback address still has another one here.
    layout.addBaseChain("localnet-guard", .init(.filter, .prerouting, priority: ChainPriority.raw)) { chain in
      chain.rules.append(
        Rule(
          .ipv4, .match(.inputInterfaceName, in: localnetLinks.name),
          .match(.destinationAddress(.ipv4), in: .loopback(.ipv4)), .drop))
    }
    return layout
  }

  // MARK: Conditions

  /// Adds to a batch what conditions need: their maps, and their rules unless these are there.
  static func lay(_ conditions: Conditions, in batch: inout Batch, _ socket: borrowing NFTablesSocket)
    throws(NetlinkError)
  {
    let (family, name) = (conditions.family, conditions.name)
    // nft reads back no more than 127 bytes.
    let comment = String(decoding: "where \(conditions.text)".utf8.prefix(127), as: UTF8.self)
    for definition in definitions(family, name, comment) { batch.add(definition) }
    let addressMap = addressPorts(family, name)
    let map = ports(family, name)
    if try !socket.rules(of: conditionalAddressPorts).contains(where: { $0.looksUp(addressMap.name) }) {
      append(conditions, translate(family, addressPorts: addressMap), to: conditionalAddressPorts, in: &batch)
    }
    if try !socket.rules(of: conditionalPorts).contains(where: { $0.looksUp(map.name) }) {
      append(conditions, translate(family, ports: map), to: conditionalPorts, in: &batch)
    }
  }

  private static func append(
    _ conditions: Conditions, _ translation: Statement, to chain: ChainReference, in batch: inout Batch
  ) {
    for alternative in conditions.alternatives {
      var expressions = Statement.family(conditions.family).expressions
      for statement in alternative { expressions += statement.expressions }
      batch.append(Rule(expressions + translation.expressions), to: chain)
    }
  }
}

internal import CNI
internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// Lets pass what a container sends and what it is answered, and keeps from it what its ingress policy excludes.
///
/// Whether a forwarded packet passes is also for the chains of others to say. Those that are willing to hear it see at the
/// mark ``acceptedBit`` that a packet is to pass: ``ForwardChain`` has a rule for it where iptables has its rules.
struct ForwardingRules {
  let attachment: Attachment

  /// The container's.
  let addresses: [IPAddress]

  /// Whether packets are let pass here, and not by iptables or firewalld.
  let accepts: Bool

  /// Where connections to the container may come from.
  let ingress: Ingress

  /// The mark of packets that are to pass, between ``forwarding`` and ``forwardingEnd``.
  static let acceptedBit: UInt32 = 0x1000

  /// Adds the elements.
  ///
  /// - Parameter foundation: Lays ``layout``, and whatever else has to be there.
  func add(upon foundation: PacketRules.Foundation) throws(PluginError) {
    try PacketRules.ofHost().put(entries, upon: foundation)
  }

  /// Removes the elements, whatever the policy was when they were made.
  func remove() throws(PluginError) {
    try PacketRules.ofHostIfAny()?.remove(
      allKeys.map { ($0.set, $0.element.key) }, of: attachmentComment(of: attachment))
  }

  /// Verifies that all is as ``add(upon:)`` makes it.
  ///
  /// - Parameter more: Looks for what else may be at fault.
  func check(more: (borrowing NFTablesSocket) throws(NetlinkError) -> String?) throws(PluginError) {
    try PacketRules.ofHost().check("firewall", of: attachment, Self.layout, entries) { (socket) throws(NetlinkError) in
      for address in ingress == .open ? addresses : [] {
        let guarded = try socket.element(ElementKey(.address(address)), of: Self.guarded(address.family))
        if guarded != nil { return "\(address) is guarded, as another ingressPolicy has it" }
      }
      return try more(socket)
    }
  }

  // MARK: Elements

  /// Up to three elements for each address.
  private var entries: [PacketRules.Entry] {
    var entries: [PacketRules.Entry] = []
    for address in addresses {
      if accepts { entries.append(entry(Self.accepted(address.family), .address(address))) }
      if ingress != .open { entries.append(entry(Self.guarded(address.family), .address(address))) }
      if case .sameBridge(let bridge) = ingress {
        entries.append(entry(Self.sameBridge(address.family), .address(address), .interfaceName(bridge)))
      }
    }
    return entries
  }

  /// All that there can be, of which some may never have been made.
  private var allKeys: [PacketRules.Entry] {
    var entries = entries
    for address in addresses {
      if !accepts { entries.append(entry(Self.accepted(address.family), .address(address))) }
      if ingress == .open { entries.append(entry(Self.guarded(address.family), .address(address))) }
    }
    return entries
  }

  private func entry(_ set: SetReference, _ key: ElementPart...) -> PacketRules.Entry {
    PacketRules.Entry(set: set, element: SetElement(ElementKey(key), comment: attachmentComment(of: attachment)))
  }

  private static func accepted(_ family: AddressFamily) -> SetReference { set("accepted", family) }

  private static func guarded(_ family: AddressFamily) -> SetReference { set("guarded", family) }

  private static func sameBridge(_ family: AddressFamily) -> SetReference { set("same-bridge", family) }

  private static func set(_ name: String, _ family: AddressFamily) -> SetReference {
    SetReference(PacketRules.table, name + family.digit)
  }
}

// MARK: - What stands there for all containers

extension ForwardingRules {
  /// The chain that forwarded packets come through before those of iptables and firewalld.
  static let forwarding = ChainReference(PacketRules.table, "forwarding")

  /// The jumps to the chains of people's own rules. See ``AdminChain``.
  static let forwardingAdmin = ChainReference(PacketRules.table, "forwarding-admin")

  /// What belongs to a connection that is known, or goes to a published port.
  private static let forwardingKnown = ChainReference(PacketRules.table, "forwarding-known")

  /// What is to pass.
  private static let forwardingAccepted = ChainReference(PacketRules.table, "forwarding-accepted")

  /// The chain that forwarded packets come through after those of iptables and firewalld.
  private static let forwardingEnd = ChainReference(PacketRules.table, "forwarding-end")

  /// The chains, with their rules, and the sets.
  static var layout: RuleLayout {
    var layout = RuleLayout(table: PacketRules.table)
    for family in AddressFamily.allCases {
      layout.sets += [
        SetDefinition(accepted(family), key: [family.dataType], comment: "containers"),
        SetDefinition(guarded(family), key: [family.dataType], comment: "containers with an ingressPolicy"),
        SetDefinition(
          sameBridge(family), key: [family.dataType, .interfaceName],
          comment: "container . its bridge, where ingressPolicy is same-bridge"),
      ]
    }
    layout.openChains = [forwardingAdmin]
    let start = Chain.Base(.filter, .forward, priority: ChainPriority.filter - 10)
    layout.addBaseChain(forwarding.name, start) { $0.rules = forwardingRules }
    layout.addChain(forwardingKnown.name) { $0.rules = knownRules }
    layout.addChain(forwardingAccepted.name) { $0.rules = [Rule(.setMark(acceptedBit), .accept)] }
    let end = Chain.Base(.filter, .forward, priority: ChainPriority.filter + 10)
    layout.addBaseChain(forwardingEnd.name, end) { $0.rules = [Rule(.clearMark(acceptedBit))] }
    return layout
  }

  private static var forwardingRules: [Rule] {
    // An `accept` of people's own rules ends the chain, with the mark that it stands for.
    var rules = [
      Rule(.setMark(acceptedBit), comment: "what an accept in the next chain means"),
      Rule(.jump(forwardingAdmin.name)),
      Rule(.clearMark(acceptedBit)),
      Rule(.connection(state: [.established, .related]), .goTo(forwardingKnown.name)),
      Rule(.connection(status: .destinationTranslated), .goTo(forwardingKnown.name), comment: "published ports"),
    ]
    for family in AddressFamily.allCases {
      let destination = Field.destinationAddress(family)
      rules.append(
        Rule(
          .family(family), .match(destination, in: guarded(family).name),
          .match(destination, .inputInterfaceName, notIn: sameBridge(family).name), .counter, .drop,
          comment: "ingressPolicy"))
    }
    for family in AddressFamily.allCases { rules.append(accept(.sourceAddress(family), family)) }
    return rules
  }

  private static var knownRules: [Rule] {
    AddressFamily.allCases.flatMap { family in
      [accept(.destinationAddress(family), family), accept(.sourceAddress(family), family)]
    }
  }

  private static func accept(_ field: Field, _ family: AddressFamily) -> Rule {
    Rule(.family(family), .match(field, in: accepted(family).name), .goTo(forwardingAccepted.name))
  }
}

/// Where connections to a container may come from, with what that means on this host.
enum Ingress: Equatable {
  case open
  /// From what comes in by a bridge.
  case sameBridge(String)
  /// From nowhere.
  case isolated
}

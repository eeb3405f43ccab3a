internal import CNI
internal import LinuxSystem
internal import NetworkAddresses

/// The chains and rules that publish the ports of one attachment in one family.
struct IPTablesPortMapRules {
  /// The chains that there must be.
  private(set) var chains: [String]

  /// The rules that go before all others of their chains.
  private(set) var first: [IPTablesRule] = []

  /// The rules that go behind all others, in this order.
  private(set) var others: [IPTablesRule] = []

  /// The attachment's own chain.
  private let chain: String

  private let mappings: [PortMapping]
  private let hasConditions: Bool

  /// Whether all ports are those of single addresses of the host. Such an attachment goes before all others, so that it has
  /// what is sent there even where another one has the port of all addresses.
  private let isSpecific: Bool

  /// How many ports one rule can have: `XT_MULTI_PORTS` of <linux/netfilter/xt_multiport.h>.
  private static let portsPerRule = 15

  private static let markChain = "CNI-HOSTPORT-SETMARK"
  private static let masqueradeChain = "CNI-HOSTPORT-MASQ"

  init(_ configuration: PortMapConfiguration, for address: CIDR, chain: String, comment: String) {
    let family = address.address.family
    self.chain = chain
    mappings = configuration.mappings.filter { $0.isPublished(for: family) }
    hasConditions = !configuration.conditionTokens(for: family).isEmpty
    isSpecific = !mappings.contains { $0.specificHostAddress == nil }
    chains = [IPTablesPortMap.dispatcher, chain]

    if configuration.translatesSources, configuration.externalMarkChain == nil {
      addMasquerading(markBit: configuration.masqueradeMarkBit)
    }
    for hook in ["PREROUTING", "OUTPUT"] {
      others.append(
        IPTablesRule(hook, ["-m", "addrtype", "--dst-type", "LOCAL", "-j", IPTablesPortMap.dispatcher]))
    }
    for mapping in mappings { add(mapping, configuration, address) }
    addDispatch(configuration, family, comment: comment)
  }

  /// The chains that mark packets and masquerade those that are marked, which all attachments share.
  private mutating func addMasquerading(markBit: Int) {
    let mark = "0x\(String(UInt32(1) << UInt32(markBit), radix: 16))"
    chains += [Self.markChain, Self.masqueradeChain]
    others.append(
      IPTablesRule(
        Self.markChain,
        ["-m", "comment", "--comment", "CNI portfwd masquerade mark", "-j", "MARK", "--set-xmark", "\(mark)/\(mark)"]))
    others.append(IPTablesRule(Self.masqueradeChain, ["-m", "mark", "--mark", "\(mark)/\(mark)", "-j", "MASQUERADE"]))
    // Before the chains that masquerade what containers send.
    first.append(
      IPTablesRule(
        "POSTROUTING", ["-m", "comment", "--comment", "CNI portfwd requiring masquerade", "-j", Self.masqueradeChain]))
  }

  /// The rules of one port in the attachment's chain.
  private mutating func add(_ mapping: PortMapping, _ configuration: PortMapConfiguration, _ address: CIDR) {
    var match = ["-p", mapping.transport.rawValue, "--dport", "\(mapping.hostPort)"]
    if let hostAddress = mapping.specificHostAddress { match += ["-d", "\(hostAddress)"] }
    if configuration.translatesSources {
      let markChain = configuration.externalMarkChain ?? Self.markChain
      var sources = ["\(address.network)"]
      let isIPv4 = address.address.family == .ipv4
      if configuration.masqueradesAll {
        sources = [isIPv4 ? "0.0.0.0/0" : "::/0"]
      } else if isIPv4 {
        sources.append("127.0.0.1")
      }
      for source in sources { others.append(IPTablesRule(chain, match + ["-s", source, "-j", markChain])) }
    }
    let destination = "\(address.address.textBeforePort):\(mapping.containerPort)"
    others.append(IPTablesRule(chain, match + ["-j", "DNAT", "--to-destination", destination]))
  }

  /// The rules that lead to the attachment's chain. They name the ports of the other family too, as the reference does,
  /// whose CHECK looks for exactly these.
  private mutating func addDispatch(_ configuration: PortMapConfiguration, _ family: AddressFamily, comment: String) {
    var rules: [IPTablesRule] = []
    for transport in [PortMapping.Transport.sctp, .tcp, .udp] {
      var ports: [String] = []
      for mapping in configuration.mappings where mapping.transport == transport { ports.append("\(mapping.hostPort)") }
      while !ports.isEmpty {
        let some = ports.prefix(Self.portsPerRule).joined(separator: ",")
        ports.removeFirst(min(ports.count, Self.portsPerRule))
        var arguments = ["-m", "comment", "--comment", comment, "-p", transport.rawValue]
        arguments += ["-m", "multiport", "--destination-ports", some]
        arguments += configuration.conditionTokens(for: family) + ["-j", chain]
        rules.append(IPTablesRule(IPTablesPortMap.dispatcher, arguments))
      }
    }
    if isSpecific { first += rules } else { others += rules }
  }

  /// Refuses a port that another container has, so that ours would never get a packet for it.
  ///
  /// Where packets must fulfil more conditions than the port, both may have it.
  func refuseClaimedPorts(_ listing: IPTablesListing) throws(PluginError) {
    if hasConditions { return }
    for rule in listing.rules where rule.chain == IPTablesPortMap.dispatcher && !rule.jumps(to: chain) {
      guard let ports = rule.value(of: "--dports"), let target = rule.value(of: "-j") else { continue }
      for mapping in mappings {
        let port = "\(mapping.hostPort)"
        let start = "-p \(mapping.transport.rawValue) -m comment --comment "
        let end = " -m multiport --dports \(ports) -j \(target)"
        guard rule.text.hasPrefix(start), rule.text.hasSuffix(end) else { continue }
        guard ports.split(separator: ",").contains(where: { $0 == port }) else { continue }
        for other in listing.rules where other.chain == target && other.value(of: "--to-destination") != nil {
          guard other.value(of: "--dport") == port[...], other.value(of: "-p") == mapping.transport.rawValue[...] else {
            continue
          }
          let claimed = other.network("-d")?.address
          guard claimed == mapping.specificHostAddress || (claimed == nil && !isSpecific) else { continue }
          let comment = rule.text.dropFirst(start.count).dropLast(end.count)
          let place = mapping.specificHostAddress.map { " at \($0)" } ?? ""
          throw PluginError(
            PublishedPorts.portTaken,
            "host \(mapping.transport.rawValue) port \(port)\(place) is taken by \(Self.holder(comment))",
            details: "network/container, as in the chain \(IPTablesPortMap.dispatcher) of iptables")
        }
      }
    }
  }

  /// `net1/cid1`, where a listing has `"dnat name: \"net1\" id: \"cid1\""`.
  private static func holder(_ comment: Substring) -> String {
    let parts = comment.split(separator: "\"", omittingEmptySubsequences: false)
    // A quote within the comment has a backslash before it, which the part before the quote ends with.
    guard parts.count == 7 else { return String(comment) }
    return "\(parts[2].dropLast())/\(parts[4].dropLast())"
  }
}

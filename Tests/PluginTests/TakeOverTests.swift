import TestSupport
import Testing

/// A node that is being switched from the reference's plugins to ours: containers of both live side by side, and ours
/// remove what the reference made, whichever tool it made it with.
@Suite("Take-over") struct TakeOverTests {
  /// Who makes the rules, and with which.
  enum Maker: CaseIterable, Sendable {
    case referenceWithIPTables, referenceWithNFTables, ours, oursWithIPTables

    var plugins: PluginDirectory {
      switch self {
      case .referenceWithIPTables, .referenceWithNFTables: Peers.referencePlugins
      case .ours, .oursWithIPTables: PluginDirectory(path: "\(Peers.root)/bin")
      }
    }

    /// The network, with everything that makes rules.
    func network(_ number: Int) -> NetworkList {
      switch self {
      case .ours:
        .bridge(number, #""ipMasq": true"#, .portMap(), .firewall(), .bandwidth)
      case .referenceWithNFTables:
        .bridge(
          number, #""ipMasq": true, "ipMasqBackend": "nftables", "macspoofchk": true"#,
          .portMap(#""backend": "nftables""#), .firewall(), .bandwidth)
      case .referenceWithIPTables, .oursWithIPTables:
        .bridge(
          number, #""ipMasq": true, "ipMasqBackend": "iptables""#, .portMap(#""backend": "iptables""#),
          .firewall(#""backend": "iptables""#), .bandwidth)
      }
    }
  }

  private static func capabilities(_ port: Int) -> String {
    #"""
    {
      "portMappings": [
        {"hostPort": \#(port), "containerPort": 80, "protocol": "tcp"},
        {"hostPort": \#(port), "containerPort": 53, "protocol": "udp"}
      ],
      "bandwidth": {"ingressRate": 80000000, "ingressBurst": 8000000, "egressRate": 80000000, "egressBurst": 8000000}
    }
    """#
  }

  private func expectService(
    of web: AttachedContainer, at port: UInt16, _ node: ConnectedHost, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for (address, outside) in zip(ConnectedHost.addresses, ConnectedHost.outsideAddresses) {
      let own = try web.address(like: address)
      for (transport, containerPort) in [(Transport.tcp, UInt16(80)), (.udp, 53)] {
        let listener = try Listener(transport, containerPort, on: own, in: web.container)
        let seen = try listener.reached(from: node.outside, at: Endpoint(address, port))
        #expect(seen == outside, "\(web.identifier) \(transport) \(address)", sourceLocation: sourceLocation)
      }
      let listener = try Listener(.tcp, 80, on: outside, in: node.outside)
      let seen = try listener.reached(from: web.container, at: Endpoint(outside, 80))
      #expect(seen == address, "\(web.identifier)", sourceLocation: sourceLocation)
    }
  }

  /// The rules and elements that name a container's identifier or, with a result to know them from, its addresses. The
  /// rules of the reference's firewall do not say whose they are.
  private func traces(
    of web: AttachedContainer, withResult: Bool = true, in node: ConnectedHost
  ) throws -> [Substring] {
    let words = try [web.identifier] + (withResult ? web.addresses : [])
    let script = """
      (nft list ruleset; iptables-save; ip6tables-save) | grep -wF '\(words.joined(separator: "\n"))' || true
      """
    return try node.host.shell(script).split(separator: "\n")
  }

  private func expectNoTraces(
    of web: AttachedContainer, withResult: Bool = true, in node: ConnectedHost,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let left = try traces(of: web, withResult: withResult, in: node)
    #expect(left == [], sourceLocation: sourceLocation)
  }

  @Test("DEL of ours removes what the reference made, and no other's", arguments: [true, false])
  func removes(withResult: Bool) throws {
    let node = try ConnectedHost()
    let makers: [(Maker, String, UInt16)] = [
      (.referenceWithIPTables, "first", 8081), (.referenceWithNFTables, "second", 8082), (.ours, "third", 8083),
    ]
    var attachments: [(AttachedContainer, UInt16)] = []
    for (number, (maker, name, port)) in makers.enumerated() {
      let attachment = try node.attach(
        name, to: maker.network(number + 1), capabilities: Self.capabilities(Int(port)), by: maker.plugins)
      attachments.append((attachment, port))
    }
    for (web, port) in attachments { try expectService(of: web, at: port, node) }
    while attachments.count > 1 {
      let (web, _) = attachments.removeFirst()
      #expect(try traces(of: web, in: node) != [])
      try web.mustSucceed("DEL", by: Maker.ours.plugins, withResult: withResult)
      try expectNoTraces(of: web, withResult: withResult, in: node)
      for (other, port) in attachments { try expectService(of: other, at: port, node) }
    }
    // The reference names the chains of one container by hashes.
    let chains = try node.host.shell("nft list ruleset | grep 'chain CNI-' || true").split(separator: "\n")
    #expect(chains.filter { $0.contains(/CNI-(DN-|SN-)?[0-9a-f]{20}/) } == [])
  }

  @Test("DEL of the reference removes what ours made with iptables")
  func removedByReference() throws {
    let node = try ConnectedHost()
    let maker = Maker.oursWithIPTables
    let web = try node.attach("c1", to: maker.network(1), capabilities: Self.capabilities(8081), by: maker.plugins)
    try expectService(of: web, at: 8081, node)
    #expect(try traces(of: web, in: node) != [])
    try web.mustSucceed("DEL", by: Peers.referencePlugins)
    try expectNoTraces(of: web, in: node)
  }

  @Test("a container that the reference added is added again by ours, with the same ports")
  func addedAgain() throws {
    let node = try ConnectedHost()
    let old = try node.attach(
      "c1", to: Maker.referenceWithIPTables.network(1), capabilities: Self.capabilities(8081),
      by: Peers.referencePlugins)
    try old.mustSucceed("DEL", by: Maker.ours.plugins)
    let new = try node.attach(
      "c2", to: Maker.ours.network(1), capabilities: Self.capabilities(8081), by: Maker.ours.plugins)
    try expectService(of: new, at: 8081, node)
    try new.mustSucceed("DEL", by: Maker.ours.plugins)
    try expectNoTraces(of: new, in: node)
  }
}

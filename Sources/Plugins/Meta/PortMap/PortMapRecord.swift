internal import NetworkAddresses

/// What the plugin has made for an attachment, as the journal keeps it: one text for each thing.
///
///     tcp 0.0.0.0 8080-8099 10.1.0.2 80     ports in a row, and where the first of them leads to
///     conditions4 1f2e3d4c                  whose maps have the ports of IPv4
///     localnet cni0                         the link that lets packets of the host's loopback addresses through
///     iptables                              there are chains of iptables instead
struct PortMapRecord: Equatable {
  var ports: [PublishedPort] = []

  /// What the names of the maps end with that have the ports of a family; nil for those without conditions.
  var conditionsV4: String?
  var conditionsV6: String?

  /// The name of the link for which `route_localnet` is set.
  var localnetLink: String?

  var usesIPTables = false

  /// What the names of a family's maps end with.
  func conditions(for family: AddressFamily) -> String? { family == .ipv4 ? conditionsV4 : conditionsV6 }
}

// The writer and the reader, in the same order.

extension PortMapRecord {
  /// The record in the words of the journal.
  var texts: [String] {
    var texts: [String] = []
    var start = 0
    while start < ports.count {
      var end = start + 1
      while end < ports.count, ports[end].isSuccessor(of: ports[end - 1]) { end += 1 }
      let (first, last) = (ports[start], ports[end - 1])
      let range = start + 1 == end ? "\(first.hostPort)" : "\(first.hostPort)-\(last.hostPort)"
      texts.append(
        "\(first.transport.rawValue) \(first.hostAddress) \(range) \(first.containerAddress) \(first.containerPort)")
      start = end
    }
    if let conditionsV4 { texts.append("conditions4 \(conditionsV4)") }
    if let conditionsV6 { texts.append("conditions6 \(conditionsV6)") }
    if let localnetLink { texts.append("localnet \(localnetLink)") }
    if usesIPTables { texts.append("iptables") }
    return texts
  }

  /// Reads what ``texts`` wrote. What it does not know was not written by this version, and is passed over.
  init(_ texts: [String]) {
    for text in texts {
      let words = words(of: text)
      switch (words.first, words.count) {
      case ("conditions4", 2): conditionsV4 = words[1]
      case ("conditions6", 2): conditionsV6 = words[1]
      case ("localnet", 2) where !words[1].utf8.contains(UInt8(ascii: "/")): localnetLink = words[1]
      case ("iptables", 1): usesIPTables = true
      case (_, 5): readPorts(words)
      default: break
      }
    }
  }

  private mutating func readPorts(_ words: [String]) {
    let bounds = words[2].utf8.split(separator: UInt8(ascii: "-"))
    guard let transport = PortMapping.Transport(rawValue: words[0]), let hostAddress = IPAddress(words[1]),
      let first = bounds.first.flatMap({ UInt16(Substring($0)) }),
      let last = bounds.last.flatMap({ UInt16(Substring($0)) }), first <= last,
      let containerAddress = IPAddress(words[3]), let containerPort = UInt16(words[4])
    else { return }
    for hostPort in first...last {
      ports.append(
        PublishedPort(
          transport: transport, hostAddress: hostAddress, hostPort: hostPort, containerAddress: containerAddress,
          containerPort: containerPort &+ (hostPort - first)))
    }
  }
}

extension PublishedPort {
  /// Whether this is the next port of the same row.
  fileprivate func isSuccessor(of other: PublishedPort) -> Bool {
    transport == other.transport && hostAddress == other.hostAddress && containerAddress == other.containerAddress
      && Int(hostPort) == Int(other.hostPort) + 1 && Int(containerPort) == Int(other.containerPort) + 1
  }
}

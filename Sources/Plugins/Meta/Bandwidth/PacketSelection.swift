internal import CLinux
internal import NetworkAddresses
internal import RouteNetlink

/// Which packets are held to a rate. The address that counts is that of the container's peer.
enum PacketSelection: Hashable {
  /// All of them.
  case everything
  /// Those of these networks: `shapedSubnets`.
  case only([CIDR])
  /// Those of all other networks: `unshapedSubnets`.
  case allBut([CIDR])

  /// Where in a packet the address of the container's peer stands.
  enum PeerAddress {
    /// The packet goes to the container.
    case source
    /// The packet comes from the container.
    case destination
  }
}

extension PacketSelection.PeerAddress {
  /// The number of bytes before the address in the header of the internet protocol (RFC 791, RFC 8200).
  private func offset(_ family: AddressFamily) -> Int32 {
    switch (self, family) {
    case (.source, .ipv4): 12
    case (.destination, .ipv4): 16
    case (.source, .ipv6): 8
    case (.destination, .ipv6): 24
    }
  }

  /// A filter for the packets of a network.
  ///
  /// - Parameter trafficClass: The class that they get.
  func filter(_ network: CIDR, parent: TrafficHandle, into trafficClass: TrafficHandle) -> TrafficFilter {
    let family = network.address.family
    let mask = network.netmask.number
    var matches: [TrafficFilter.Match] = []
    var rest = network.address.bitWidth
    var offset = offset(family)
    // The address in words of 32 bits, the first one first. Those that do not count are left out.
    while rest > 0 {
      rest -= 32
      let wordMask = UInt32(truncatingIfNeeded: mask >> UInt128(rest))
      if wordMask != 0 || matches.isEmpty {
        let word = UInt32(truncatingIfNeeded: network.address.number >> UInt128(rest))
        matches.append(TrafficFilter.Match(word, mask: wordMask, offset: offset))
      }
      offset += 4
    }
    // Filters of one rank are for one protocol.
    return TrafficFilter(
      parent: parent, preference: family == .ipv4 ? 1 : 2,
      protocolNumber: UInt16(family == .ipv4 ? ETH_P_IP : ETH_P_IPV6), matches: matches, classHandle: trafficClass)
  }
}

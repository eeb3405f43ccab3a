internal import NetworkAddresses

/// One port of the host, of one family, and the port of a container that gets its packets: what becomes of a
/// ``PortMapping`` when the container's address is known.
struct PublishedPort: Equatable {
  let transport: PortMapping.Transport

  /// The address of the host; the unspecified one stands for all of the family.
  let hostAddress: IPAddress

  let hostPort: UInt16

  /// Where packets go. The family is that of the host's address.
  let containerAddress: IPAddress

  let containerPort: UInt16

  var family: AddressFamily { containerAddress.family }

  /// The ports that mappings and a container's addresses make, one of each family at most, in the order of the mappings.
  static func ports(_ mappings: [PortMapping], of addresses: [IPAddress]) -> [PublishedPort] {
    var ports: [PublishedPort] = []
    for address in addresses {
      for mapping in mappings where mapping.isPublished(for: address.family) {
        ports.append(
          PublishedPort(
            transport: mapping.transport, hostAddress: mapping.hostAddress ?? address.family.unspecifiedAddress,
            hostPort: mapping.hostPort, containerAddress: address, containerPort: mapping.containerPort))
      }
    }
    return ports
  }

  /// Whether packets to a loopback address of the host can be for it, in IPv4.
  var isReachableByLoopback: Bool { family == .ipv4 && (hostAddress.isUnspecified || hostAddress.isLoopback) }
}

extension PublishedPort: CustomStringConvertible {
  /// `tcp port 8080`, `udp port 53 at 192.0.2.7`.
  var description: String {
    "\(transport.rawValue) port \(hostPort)" + (hostAddress.isUnspecified ? "" : " at \(hostAddress)")
  }
}

extension AddressFamily {
  /// `0.0.0.0` or `::`.
  var unspecifiedAddress: IPAddress {
    self == .ipv4 ? .v4(IPv4Address(rawValue: 0)) : .v6(IPv6Address(rawValue: 0))
  }
}

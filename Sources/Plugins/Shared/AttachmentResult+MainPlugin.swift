internal import CNI
internal import NetworkAddresses

extension AttachmentResult {
  /// The first gateway of a family among the addresses: what a route without one goes through (CNI spec, "Add
  /// Success").
  func gateway(for family: AddressFamily) -> IPAddress? {
    for address in addresses {
      if let gateway = address.gateway, gateway.family == family { return gateway }
    }
    return nil
  }

  /// Says which interfaces there are, and that the addresses are those of the one in the container.
  ///
  /// - Returns: The position of the interface in the container.
  mutating func setInterfaces(host hostInterfaces: [AttachmentInterface], container: AttachmentInterface) -> Int {
    interfaces = hostInterfaces + [container]
    let position = hostInterfaces.count
    for index in addresses.indices { addresses[index].interface = position }
    return position
  }

  /// Puts the network's own DNS settings in the place of the IPAM plugin's, where the configuration has some.
  mutating func override(_ dns: AttachmentDNS?) {
    if let dns { self.dns = dns }
  }
}

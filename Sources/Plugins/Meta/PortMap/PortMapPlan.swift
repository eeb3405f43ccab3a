internal import CNI
internal import NetworkAddresses

/// What a configuration and the previous result say together.
struct PortMapPlan {
  let call: Call

  let configuration: PortMapConfiguration

  /// What the plugins before this one have made. It is what this one answers, too.
  let result: AttachmentResult

  /// The container's first address of each family, with the prefix of its subnet.
  let addresses: [CIDR]

  /// Reads and validates both.
  init(_ call: Call) throws(PluginError) {
    self.call = call
    configuration = try PortMapConfiguration(call)
    result = try call.requiredPreviousResult("must be called as chained plugin")
    addresses = Self.addresses(of: call.interfaceName, in: result)
  }

  /// An address is another interface's only where the result says so.
  private static func addresses(of interface: String, in result: AttachmentResult) -> [CIDR] {
    var addresses: [CIDR] = []
    for family in AddressFamily.allCases {
      let own = result.addresses.first { address in
        guard address.address.address.family == family else { return false }
        guard let index = address.interface, result.interfaces.indices.contains(index) else { return true }
        let owner = result.interfaces[index]
        return owner.name == interface && owner.sandbox ?? "" != ""
      }
      if let own { addresses.append(own.address) }
    }
    return addresses
  }

  /// The ports to publish, and the addresses that have some.
  ///
  /// - Throws: Code 7 for conditions that are not understood.
  func publishedPorts() throws(PluginError) -> PublishedPorts {
    // iptables reads its own.
    let isNative = configuration.backend == .nftables
    return PublishedPorts(
      attachment: call.attachment,
      ports: PublishedPort.ports(configuration.mappings, of: addresses.map(\.address)),
      addresses: addresses.filter { address in
        configuration.mappings.contains { $0.isPublished(for: address.address.family) }
      },
      translation: !configuration.translatesSources
        ? .none : configuration.masqueradesAll ? .fromEverywhere : .fromNearby,
      conditionsV4: isNative ? try Conditions(configuration.conditionTokensV4, family: .ipv4) : nil,
      conditionsV6: isNative ? try Conditions(configuration.conditionTokensV6, family: .ipv6) : nil)
  }

  /// The link by which connections from the host's loopback addresses have to leave; nil where none can come.
  func localnetLink() throws(PluginError) -> LocalnetLink? {
    guard configuration.translatesSources else { return nil }
    let ports = PublishedPort.ports(configuration.mappings, of: addresses.map(\.address))
    guard let port = ports.first(where: { $0.isReachableByLoopback }) else { return nil }
    return try LocalnetLink(to: port.containerAddress, madeBy: result)
  }
}

extension PortMapRecord {
  /// What is about to be made.
  init(_ published: PublishedPorts) {
    self.init([])
    ports = published.ports
    conditionsV4 = published.conditionsV4?.name
    conditionsV6 = published.conditionsV6?.name
  }
}

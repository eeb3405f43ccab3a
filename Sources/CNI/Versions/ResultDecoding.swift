internal import NetworkAddresses
public import JSON

extension AttachmentResult {
  /// Reads a result of any version.
  ///
  /// A reader of 0.3 and 0.4 does not need `version`: the address says which family it is of. Plugins in the field leave
  /// it out.
  ///
  /// - Parameter version: The version whose shape the result has, whatever it says about itself.
  public init(json: JSONValue, version: SpecVersion) throws(JSONError) {
    switch version.family {
    case .v0_2:
      let families = [
        try json.valueIfPresent("ip4", as: FamilyConfiguration.self),
        try json.valueIfPresent("ip6", as: FamilyConfiguration.self),
      ].compactMap { $0 }
      self.init(
        addresses: families.map { AttachmentAddress(address: $0.address, gateway: $0.gateway) },
        routes: families.flatMap { $0.routes },
        dns: try json.value("dns", default: AttachmentDNS()))
    case .v0_4, .v1:
      self.init(
        interfaces: try json.value("interfaces", default: []),
        addresses: try json.value("ips", default: []),
        routes: try json.value("routes", default: []),
        dns: try json.value("dns", default: AttachmentDNS()))
    }
  }
}

/// `ip4` or `ip6` of 0.1 and 0.2.
private struct FamilyConfiguration: JSONDecodable {
  let address: CIDR
  let gateway: IPAddress?
  let routes: [AttachmentRoute]

  init(json: JSONValue) throws(JSONError) {
    address = try json.value("ip")
    gateway = try json.addressUnlessEmpty("gateway")
    routes = try json.value("routes", default: [])
  }
}

extension AttachmentInterface: JSONDecodable {
  public init(json: JSONValue) throws(JSONError) {
    self.init(
      name: try json.value("name", default: ""),
      mac: try json.value("mac", default: ""),
      mtu: try json.valueUnlessZero("mtu"),
      sandbox: try json.valueUnlessEmpty("sandbox"),
      socketPath: try json.valueUnlessEmpty("socketPath"),
      pciID: try json.valueUnlessEmpty("pciID"))
  }
}

extension AttachmentAddress: JSONDecodable {
  public init(json: JSONValue) throws(JSONError) {
    let interface = try json.valueIfPresent("interface", as: Int.self)
    self.init(
      // Plugins of old said -1 for "none"; runtimes of today crash on it.
      interface: interface.flatMap { $0 < 0 ? nil : $0 },
      address: try json.value("address"),
      gateway: try json.addressUnlessEmpty("gateway"))
  }
}

extension AttachmentRoute: JSONDecodable {
  /// Reads a route of a result or of a configuration.
  public init(json: JSONValue) throws(JSONError) {
    self.init(
      destination: try json.value("dst"),
      gateway: try json.addressUnlessEmpty("gw"),
      mtu: try json.valueUnlessZero("mtu"),
      advertisedMSS: try json.valueUnlessZero("advmss"),
      priority: try json.valueUnlessZero("priority"),
      // A number that the kernel cut off would be another table, another scope.
      table: try json.valueIfPresent("table", as: UInt32.self).map { Int($0) },
      scope: try json.valueIfPresent("scope", as: UInt8.self).map { Int($0) })
  }
}

public import JSON
internal import NetworkAddresses

extension AttachmentResult {
  /// Writes the result in the shape of a version: the text that goes to stdout.
  ///
  /// - Throws: `cannot convert: no valid IP addresses` for a result without addresses in 0.1 and 0.2.
  public func encode(as version: SpecVersion) throws(PluginError) -> [UInt8] {
    try json(as: version).serialized(.indented)
  }

  /// The result in the shape of a version.
  ///
  /// Older versions cannot say everything: 0.3 and 0.4 lose an interface's `mtu`, `socketPath` and `pciID`; 0.1 and 0.2
  /// have one address of each family and its plain routes only. Keys are in the order in which the reference prints
  /// them, and left out where it leaves them out.
  public func json(as version: SpecVersion) throws(PluginError) -> JSONNode {
    var object = JSONNode.object()
    object.set("cniVersion", .string(version.rawValue))
    switch version.family {
    case .v0_2: try encodeOldest(into: &object)
    case .v0_4: encodeMiddle(into: &object)
    case .v1: encodeNewest(into: &object)
    }
    return object
  }

  // MARK: 0.1 and 0.2

  private func encodeOldest(into object: inout JSONNode) throws(PluginError) {
    let first4 = addresses.first { $0.address.address.family == .ipv4 }
    let first6 = addresses.first { $0.address.address.family == .ipv6 }
    if first4 == nil && first6 == nil { throw PluginError("cannot convert: no valid IP addresses") }
    if let first4 { object.set("ip4", familyConfiguration(first4)) }
    if let first6 { object.set("ip6", familyConfiguration(first6)) }
    object.set("dns", dns.encode(as: .v0_2))
  }

  private func familyConfiguration(_ address: AttachmentAddress) -> JSONNode {
    var object = JSONNode.object()
    object.set("ip", .string(address.address.description))
    if let gateway = address.gateway { object.set("gateway", .string(gateway.description)) }
    let family = address.address.address.family
    set("routes", in: &object, to: routes.filter { $0.destination.address.family == family }) { route in
      var object = JSONNode.object()
      object.set("dst", .string(route.destination.description))
      if let gateway = route.gateway { object.set("gw", .string(gateway.description)) }
      return object
    }
    return object
  }

  // MARK: 0.3 and 0.4

  private func encodeMiddle(into object: inout JSONNode) {
    set("interfaces", in: &object, to: interfaces) { interface in
      var object = JSONNode.object()
      object.set("name", .string(interface.name))
      object.setUnlessEmpty("mac", interface.mac)
      object.setUnlessEmpty("sandbox", interface.sandbox)
      return object
    }
    set("ips", in: &object, to: addresses) { address in
      var object = JSONNode.object()
      object.set("version", .string(address.address.address.family == .ipv4 ? "4" : "6"))
      if let interface = address.interface { object.set("interface", .integer(interface)) }
      object.set("address", .string(address.address.description))
      if let gateway = address.gateway { object.set("gateway", .string(gateway.description)) }
      return object
    }
    set("routes", in: &object, to: routes) { route in
      var object = JSONNode.object()
      object.set("dst", .string(route.destination.description))
      if let gateway = route.gateway { object.set("gw", .string(gateway.description)) }
      object.setUnlessZero("mtu", route.mtu)
      object.setUnlessZero("advmss", route.advertisedMSS)
      object.setUnlessZero("priority", route.priority)
      if let table = route.table { object.set("table", .integer(table)) }
      if let scope = route.scope { object.set("scope", .integer(scope)) }
      return object
    }
    object.set("dns", dns.encode(as: .v0_4))
  }

  // MARK: 1.0 and 1.1

  /// Keys are in alphabetical order at every level.
  private func encodeNewest(into object: inout JSONNode) {
    if !dns.isEmpty { object.set("dns", dns.encode(as: .v1)) }
    set("interfaces", in: &object, to: interfaces) { interface in
      var object = JSONNode.object()
      object.setUnlessEmpty("mac", interface.mac)
      object.setUnlessZero("mtu", interface.mtu)
      object.set("name", .string(interface.name))
      object.setUnlessEmpty("pciID", interface.pciID)
      object.setUnlessEmpty("sandbox", interface.sandbox)
      object.setUnlessEmpty("socketPath", interface.socketPath)
      return object
    }
    set("ips", in: &object, to: addresses) { address in
      var object = JSONNode.object()
      object.set("address", .string(address.address.description))
      if let gateway = address.gateway { object.set("gateway", .string(gateway.description)) }
      if let interface = address.interface { object.set("interface", .integer(interface)) }
      return object
    }
    set("routes", in: &object, to: routes) { route in
      var object = JSONNode.object()
      object.setUnlessZero("advmss", route.advertisedMSS)
      object.set("dst", .string(route.destination.description))
      if let gateway = route.gateway { object.set("gw", .string(gateway.description)) }
      object.setUnlessZero("mtu", route.mtu)
      object.setUnlessZero("priority", route.priority)
      if let scope = route.scope { object.set("scope", .integer(scope)) }
      if let table = route.table { object.set("table", .integer(table)) }
      return object
    }
  }

  /// Sets a list; one without elements is left out.
  private func set<Element>(
    _ key: String, in object: inout JSONNode, to list: [Element], _ encode: (Element) -> JSONNode
  ) {
    if list.isEmpty { return }
    var array = JSONNode.array()
    for element in list { array.append(encode(element)) }
    object.set(key, array)
  }
}

extension JSONNode {
  fileprivate mutating func setUnlessEmpty(_ key: String, _ text: String?) {
    if let text, !text.isEmpty { set(key, .string(text)) }
  }

  fileprivate mutating func setUnlessZero(_ key: String, _ number: Int?) {
    if let number, number != 0 { set(key, .integer(number)) }
  }
}

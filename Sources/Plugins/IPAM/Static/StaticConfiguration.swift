internal import CNI
internal import JSON
internal import NetworkAddresses

/// What a configuration and its call say to static.
///
/// The addresses are those of the capability `ips`; without those, of `args.cni.ips`; without those, of `ipam.addresses`
/// and of `IP` in `CNI_ARGS` together. `GATEWAY` in `CNI_ARGS` is then given to each address whose network it lies in.
struct StaticConfiguration {
  let addresses: [AttachmentAddress]
  let routes: [AttachmentRoute]
  let dns: AttachmentDNS

  init(_ call: Call) throws(PluginError) {
    let arguments = try Arguments(parsing: call.arguments)
    let added = try argumentAddresses(arguments["IP"])
    let gateways = try argumentGateways(arguments["GATEWAY"])
    let given: Given
    do throws(JSONError) { given = try Given(json: call.configuration) } catch { throw PluginError(error) }

    addresses = (given.replacements ?? given.addresses + added).map { address in
      let gateway = gateways.last(where: address.address.contains) ?? address.gateway
      return AttachmentAddress(address: address.address, gateway: gateway)
    }
    routes = given.routes
    dns = given.dns
    try checkAddressCount(addresses.map(\.address.address.family), for: call.version)
  }
}

/// What the configuration alone says.
private struct Given: JSONDecodable {
  /// What takes the place of all other addresses.
  let replacements: [AttachmentAddress]?
  let addresses: [AttachmentAddress]
  let routes: [AttachmentRoute]
  let dns: AttachmentDNS

  init(json: JSONValue) throws(JSONError) {
    guard let ipam = json["ipam"] else { throw JSONError(path: "", .invalid("IPAM config missing 'ipam' key")) }
    let runtime = try json.valueIfPresent("runtimeConfig", as: JSONValue.self)
    let arguments = try json.valueIfPresent("args", as: JSONValue.self)?.valueIfPresent("cni", as: JSONValue.self)

    let ofArguments = try arguments?.valueIfPresent("ips", as: [Replacement].self) ?? []
    let ofRuntime = try runtime?.valueIfPresent("ips", as: [Replacement].self) ?? []
    let nearest = ofRuntime.isEmpty ? ofArguments : ofRuntime
    replacements = nearest.isEmpty ? nil : nearest.map(\.address)
    // What is replaced need not be right: it may be there only to be replaced.
    addresses = replacements == nil ? try ipam.value("addresses", default: [Configured]()).map(\.address) : []
    routes = try ipam.value("routes", default: [])
    dns = try ipam.value("dns", default: AttachmentDNS())
  }
}

/// An element of `ipam.addresses`.
private struct Configured: JSONDecodable {
  let address: AttachmentAddress

  init(json: JSONValue) throws(JSONError) {
    let text = try json.value("address", default: "")
    guard let cidr = CIDR(text) else {
      throw JSONError("the 'address' field is expected to be in CIDR notation, got: '\(text)'", at: json)
    }
    address = AttachmentAddress(address: cidr, gateway: try json.addressUnlessEmpty("gateway"))
  }
}

/// An element of one of the lists `ips`.
private struct Replacement: JSONDecodable {
  let address: AttachmentAddress

  init(json: JSONValue) throws(JSONError) {
    let text = try String(json: json)
    guard let cidr = CIDR(text) else {
      throw JSONError("an entry in the 'ips' field is NOT in CIDR notation, got: '\(text)'", at: json)
    }
    address = AttachmentAddress(address: cidr)
  }
}

// MARK: CNI_ARGS

private func argumentAddresses(_ list: String?) throws(PluginError) -> [AttachmentAddress] {
  var addresses: [AttachmentAddress] = []
  for text in elements(of: list) {
    guard let address = CIDR(text) else {
      throw PluginError(
        .invalidEnvironment, "the 'ip' field is expected to be in CIDR notation, got: '\(text)'")
    }
    addresses.append(AttachmentAddress(address: address))
  }
  return addresses
}

private func argumentGateways(_ list: String?) throws(PluginError) -> [IPAddress] {
  var gateways: [IPAddress] = []
  for text in elements(of: list) {
    guard let gateway = IPAddress(text) else {
      throw PluginError(.invalidEnvironment, "invalid gateway address: \(text)")
    }
    gateways.append(gateway)
  }
  return gateways
}

/// The elements of a list with commas between them, without the blanks around each.
private func elements(of list: String?) -> [String] {
  guard let list else { return [] }
  return list.split(separator: ",", omittingEmptySubsequences: false).map { element in
    var element = element
    while element.first?.isWhitespace == true { element.removeFirst() }
    while element.last?.isWhitespace == true { element.removeLast() }
    return String(element)
  }
}

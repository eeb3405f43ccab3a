internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

/// What a configuration says to host-local, as it was given. ``rangeSets(for:)`` says whether the ranges make sense.
struct HostLocalConfiguration {
  /// The range sets: first those of the capability `ipRanges`, then the range of the old form, then `ipam.ranges`.
  let givenRangeSets: [[GivenRange]]

  /// The addresses that are asked for: those of `args.cni.ips`, then those of the capability `ips`.
  let requestedAddresses: [IPAddress]

  /// The routes, which the result repeats.
  let routes: [AttachmentRoute]

  /// The path of a `resolv.conf(5)` file whose content becomes the result's `dns`.
  let resolverFile: String?

  /// Whether the runtime brings ranges for each container: `capabilities.ipRanges`.
  let hasRangesPerContainer: Bool

  init(_ call: Call) throws(PluginError) {
    do throws(JSONError) { try self.init(json: call.configuration) } catch { throw PluginError(error) }
  }

  /// The file's content as a result has it; empty where no file is named.
  func dns() throws(PluginError) -> AttachmentDNS {
    guard let resolverFile else { return AttachmentDNS() }
    return AttachmentDNS(
      resolverFile: try system(failingWith: .io) { () throws(SystemError) in try readFile(resolverFile) })
  }
}

extension HostLocalConfiguration: JSONDecodable {
  init(json: JSONValue) throws(JSONError) {
    guard let ipam = json["ipam"] else { throw JSONError(path: "", .invalid("IPAM config missing 'ipam' key")) }
    let runtime = try json.valueIfPresent("runtimeConfig", as: JSONValue.self)
    let arguments = try json.valueIfPresent("args", as: JSONValue.self)?.valueIfPresent("cni", as: JSONValue.self)
    let capabilities = try json.valueIfPresent("capabilities", as: JSONValue.self)

    let oldForm = ipam["subnet"] == nil ? [] : [[try GivenRange(json: ipam)]]
    givenRangeSets =
      try (runtime?.valueIfPresent("ipRanges") ?? []) + oldForm + (ipam.valueIfPresent("ranges") ?? [])
    requestedAddresses =
      try (arguments?.requestedAddresses("ips") ?? []) + (runtime?.requestedAddresses("ips") ?? [])
    routes = try ipam.value("routes", default: [])
    resolverFile = try ipam.valueUnlessEmpty("resolvConf")
    hasRangesPerContainer = try capabilities?.valueIfPresent("ipRanges") ?? false
  }
}

/// A range object as it was given.
struct GivenRange: JSONDecodable {
  /// Nil where it is missing.
  let subnet: CIDR?
  /// Whether an IPv4 subnet is written as an IPv6 one: `::ffff:10.1.0.0/120`.
  let isMapped: Bool
  let first: IPAddress?
  let last: IPAddress?
  let gateway: IPAddress?

  init(json: JSONValue) throws(JSONError) {
    subnet = try json.valueIfPresent("subnet")
    let subnetText = try json.valueUnlessEmpty("subnet")
    isMapped = subnet?.address.family == .ipv4 && subnetText?.contains(":") == true
    first = try json.addressUnlessEmpty("rangeStart")
    last = try json.addressUnlessEmpty("rangeEnd")
    gateway = try json.addressUnlessEmpty("gateway")
  }
}

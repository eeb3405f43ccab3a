internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses
internal import State

/// What a configuration says to host-local, as it was given. ``rangeSets(for:)`` says whether the ranges make sense.
struct HostLocalConfiguration {
  /// The range sets: first those of the capability `ipRanges`, then the range of the old form, then `ipam.ranges`.
  let givenRangeSets: [[GivenRange]]

  /// What is never handed out, whichever range it is in: `ipam.exclude`.
  let excluded: [ExcludedAddresses]

  /// How addresses are chosen.
  let policy: LeasePolicy

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

    let oldForm = ipam["subnet"] == nil ? [] : [[try GivenRange(oldForm: ipam)]]
    givenRangeSets =
      try (runtime?.valueIfPresent("ipRanges") ?? []) + oldForm + (ipam.valueIfPresent("ranges") ?? [])
    excluded = try ipam.value("exclude", default: [])
    policy = try LeasePolicy(ipam: ipam)
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
  /// What is never handed out.
  let excluded: [ExcludedAddresses]

  init(json: JSONValue) throws(JSONError) {
    for key in ["releaseCooldown", "stableAddresses"] where json[key] != nil {
      throw JSONError("\(key) belongs beside the ranges, not into one", at: json)
    }
    try self.init(json, excluded: json.value("exclude", default: []))
  }

  /// Reads a range whose keys stand in `ipam` itself. What is excluded there is so in every range.
  init(oldForm json: JSONValue) throws(JSONError) { try self.init(json, excluded: []) }

  private init(_ json: JSONValue, excluded: [ExcludedAddresses]) throws(JSONError) {
    subnet = try json.valueIfPresent("subnet")
    let subnetText = try json.valueUnlessEmpty("subnet")
    isMapped = subnet?.address.family == .ipv4 && subnetText?.utf8.contains(UInt8(ascii: ":")) == true
    first = try json.addressUnlessEmpty("rangeStart")
    last = try json.addressUnlessEmpty("rangeEnd")
    gateway = try json.addressUnlessEmpty("gateway")
    self.excluded = excluded
  }
}

/// An address or a block of them that is never handed out.
struct ExcludedAddresses: JSONDecodable {
  let addresses: ClosedRange<IPAddress>

  /// As it was given: `10.1.0.9`, `10.1.0.64/26`.
  let text: String

  init(json: JSONValue) throws(JSONError) {
    text = try String(json: json)
    if let address = IPAddress(text) {
      addresses = address...address
    } else if let block = CIDR(text) {
      guard block == block.network else {
        throw JSONError("\(text) has host bits set; the network is \(block.network)", at: json)
      }
      addresses = block.firstAddress...block.lastAddress
    } else {
      throw JSONError("\(quoted(text)) is neither an address nor a network in CIDR notation", at: json)
    }
  }
}

extension LeasePolicy {
  /// Reads the keys `releaseCooldown` and `stableAddresses` of `ipam`.
  init(ipam: JSONValue) throws(JSONError) {
    self.init(cooldown: try Self.cooldown(of: ipam), isStable: try ipam.value("stableAddresses", default: false))
  }

  /// Reads the key `releaseCooldown` of `ipam`.
  static func cooldown(of ipam: JSONValue) throws(JSONError) -> Int {
    let cooldown = try ipam.value("releaseCooldown", default: 0)
    guard (0...longestCooldown).contains(cooldown) else {
      throw JSONError(
        "\(cooldown) is not between 0 and \(longestCooldown) seconds", at: ipam["releaseCooldown"] ?? ipam)
    }
    return cooldown
  }
}

internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

/// The configuration of the `bandwidth` plugin.
///
/// The rates stand at top level or in `runtimeConfig.bandwidth`. Where one of their four keys stands at top level, be it
/// with 0 or `null`, the runtime is not listened to. The lists of subnets go by themselves: an administrator writes them
/// at top level, and the runtime tells the rates of each container.
struct BandwidthConfiguration {
  /// The limit of what comes to the container; nil for none.
  let ingress: RateLimit?

  /// The limit of what the container sends; nil for none.
  let egress: RateLimit?

  /// Which packets are held to the limits.
  let selection: PacketSelection

  /// Whether there is nothing to do.
  var isUnlimited: Bool { ingress == nil && egress == nil }

  /// Reads and validates the configuration.
  ///
  /// - Throws: Code 7 for a value that is wrong, with key and value; code 6 for one of another type.
  init(_ call: Call) throws(PluginError) {
    let own: Keys
    let runtime: Keys?
    do throws(JSONError) {
      own = try Keys(json: call.configuration)
      runtime = try call.configuration.valueIfPresent("runtimeConfig", as: JSONValue.self)?.valueIfPresent("bandwidth")
    } catch {
      throw .invalid(error)
    }
    let rates = own.mentionsRates ? own : runtime ?? own
    ingress = try Self.limit("ingress", rates.ingress)
    egress = try Self.limit("egress", rates.egress)
    let lists = own.shaped.isEmpty && own.unshaped.isEmpty ? runtime ?? own : own
    switch (lists.shaped.isEmpty, lists.unshaped.isEmpty) {
    case (true, true): selection = .everything
    case (false, true): selection = .only(lists.shaped)
    case (true, false): selection = .allBut(lists.unshaped)
    case (false, false):
      throw PluginError(
        .invalidConfiguration, "shapedSubnets and unshapedSubnets exclude each other",
        details: "shapedSubnets has \(lists.shaped[0]), unshapedSubnets has \(lists.unshaped[0])")
    }
  }

  /// - Returns: nil where neither number is given: no limit.
  /// - Throws: In the reference's words.
  private static func limit(_ direction: String, _ limit: RateLimit) throws(PluginError) -> RateLimit? {
    if limit.rate == 0 && limit.burst == 0 { return nil }
    func refusal(_ message: String) -> PluginError {
      PluginError(
        .invalidConfiguration, message,
        details: "\(direction)Rate is \(limit.rate) bits per second, \(direction)Burst is \(limit.burst) bits")
    }
    if limit.burst == 0 { throw refusal("if rate is set, burst must also be set") }
    if limit.rate == 0 { throw refusal("if burst is set, rate must also be set") }
    if limit.burst / 8 >= UInt32.max { throw refusal("burst cannot be more than 4GB") }
    if limit.rate < 8 { throw refusal("rate cannot be less than 8 bits per second") }
    return limit
  }
}

/// The keys, wherever they stand.
private struct Keys: JSONDecodable {
  let ingress: RateLimit
  let egress: RateLimit
  let shaped: [CIDR]
  let unshaped: [CIDR]

  /// Whether one of the keys of the rates is there at all.
  let mentionsRates: Bool

  init(json: JSONValue) throws(JSONError) {
    ingress = RateLimit(
      rate: try json.value("ingressRate", default: 0), burst: try json.value("ingressBurst", default: 0))
    egress = RateLimit(
      rate: try json.value("egressRate", default: 0), burst: try json.value("egressBurst", default: 0))
    shaped = try Self.subnets("shapedSubnets", of: json)
    unshaped = try Self.subnets("unshapedSubnets", of: json)
    mentionsRates =
      json.mentions("ingressRate") || json.mentions("ingressBurst") || json.mentions("egressRate")
      || json.mentions("egressBurst")
  }

  private static func subnets(_ key: String, of json: JSONValue) throws(JSONError) -> [CIDR] {
    guard let list: [JSONValue] = try json.valueIfPresent(key) else { return [] }
    var subnets: [CIDR] = []
    for value in list {
      let text = try String(json: value)
      guard let subnet = CIDR(text) else { throw JSONError("invalid CIDR address: \(text)", at: value) }
      subnets.append(subnet.network)
    }
    return subnets
  }
}

public import JSON

/// The keys of a configuration that plugins which attach containers have in common.
public struct NetworkConfiguration: Sendable {
  /// `ipam.type`: the plugin that allocates addresses; nil for an attachment without any.
  public let ipamType: String?

  /// `dns`, if it says anything: a list, be it empty, or a domain. Then it takes the place of what IPAM says.
  public let dns: AttachmentDNS?

  /// `runtimeConfig`: what the runtime wants for this one container.
  public let runtimeConfiguration: JSONValue?

  /// `args.cni`: the same by way of an orchestrator.
  public let arguments: JSONValue?
}

extension NetworkConfiguration: JSONDecodable {
  public init(json: JSONValue) throws(JSONError) {
    ipamType = try json.valueIfPresent("ipam", as: JSONValue.self)?.valueUnlessEmpty("type")
    dns = try NetworkConfiguration.dns(json.valueIfPresent("dns"))
    runtimeConfiguration = try json.valueIfPresent("runtimeConfig")
    arguments = try json.valueIfPresent("args", as: JSONValue.self)?.valueIfPresent("cni")
  }

  private static func dns(_ json: JSONValue?) throws(JSONError) -> AttachmentDNS? {
    guard let json else { return nil }
    let dns = try AttachmentDNS(json: json)
    let saysSomething =
      dns.domain != nil || json["nameservers"] != nil || json["search"] != nil || json["options"] != nil
    return saysSomething ? dns : nil
  }
}

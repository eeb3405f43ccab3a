public import JSON

/// How the container should resolve names: the `dns` of a result or of a configuration. Plugins hand it on; the runtime
/// applies it.
public struct AttachmentDNS: Hashable, Sendable {
  /// Addresses of name servers, in the order of preference.
  public var nameservers: [String]
  /// The local domain, or nil.
  public var domain: String?
  /// Domains to search, in the order of preference.
  public var search: [String]
  /// Options of the resolver. See `resolv.conf(5)`.
  public var options: [String]

  public init(
    nameservers: [String] = [], domain: String? = nil, search: [String] = [], options: [String] = []
  ) {
    self.nameservers = nameservers
    self.domain = domain
    self.search = search
    self.options = options
  }

  /// Whether nothing is said.
  public var isEmpty: Bool { nameservers.isEmpty && domain == nil && search.isEmpty && options.isEmpty }
}

extension AttachmentDNS: JSONDecodable {
  public init(json: JSONValue) throws(JSONError) {
    nameservers = try json.value("nameservers", default: [])
    domain = try json.valueUnlessEmpty("domain")
    search = try json.value("search", default: [])
    options = try json.value("options", default: [])
  }

  /// The object; keys that say nothing are left out.
  func encode(as family: SpecVersion.Family) -> JSONNode {
    var object = JSONNode.object()
    func set(_ key: String, _ list: [String], in object: inout JSONNode) {
      if !list.isEmpty { object.set(key, .strings(list)) }
    }
    switch family {
    case .v0_2, .v0_4:
      set("nameservers", nameservers, in: &object)
      if let domain { object.set("domain", .string(domain)) }
      set("search", search, in: &object)
      set("options", options, in: &object)
    case .v1:
      if let domain { object.set("domain", .string(domain)) }
      set("nameservers", nameservers, in: &object)
      set("options", options, in: &object)
      set("search", search, in: &object)
    }
    return object
  }
}

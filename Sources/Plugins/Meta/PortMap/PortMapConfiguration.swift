internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

/// The configuration of the `portmap` plugin.
struct PortMapConfiguration {
  /// What makes the rules: `backend`, and nf_tables where the configuration names none.
  let backend: RuleBackend

  /// The ports to publish, each once, in the order in which they were given: `runtimeConfig.portMappings`.
  let mappings: [PortMapping]

  /// Whether a connection whose answers would not come back this way gets an address of the host as its source: one from
  /// the host itself, or from the container's own subnet.
  let translatesSources: Bool

  /// Whether all connections do: `masqAll`. Means nothing without ``translatesSources``.
  let masqueradesAll: Bool

  /// The bit of the packet mark by which iptables' chains know what to masquerade, from 0 to 31: `markMasqBit`. Ours have
  /// a bit of their own.
  let masqueradeMarkBit: Int

  /// The chain to be used in the place of those that set this mark, with iptables only.
  let externalMarkChain: String?

  /// What a packet must fulfil beyond the port, in the words of the backend: `conditionsV4`, `conditionsV6`. A list whose
  /// first word is empty is empty.
  let conditionTokensV4: [String]
  let conditionTokensV6: [String]

  /// The mark's bit where none is configured.
  private static let standardMarkBit = 13

  /// Reads and validates the configuration.
  ///
  /// - Throws: Code 7 with the key, the value and the reason.
  init(_ call: Call) throws(PluginError) {
    do throws(JSONError) { try self.init(json: call.configuration) } catch { throw .invalid(error) }
  }

  /// The conditions for a family.
  func conditionTokens(for family: AddressFamily) -> [String] {
    family == .ipv4 ? conditionTokensV4 : conditionTokensV6
  }
}

extension PortMapConfiguration: JSONDecodable {
  init(json: JSONValue) throws(JSONError) {
    let namedBackend: RuleBackend? = try json.valueIfPresent("backend")
    backend = namedBackend ?? .nftables
    translatesSources = try json.value("snat", default: true)
    masqueradesAll = try json.value("masqAll", default: false)
    externalMarkChain = try json.valueIfPresent("externalSetMarkChain")
    conditionTokensV4 = try Self.conditionTokens("conditionsV4", of: json, for: namedBackend)
    conditionTokensV6 = try Self.conditionTokens("conditionsV6", of: json, for: namedBackend)

    let markBit: Int? = try json.valueIfPresent("markMasqBit")
    masqueradeMarkBit = markBit ?? Self.standardMarkBit
    guard (0...31).contains(masqueradeMarkBit) else {
      throw JSONError("\(masqueradeMarkBit) is not between 0 and 31", at: json["markMasqBit"] ?? json)
    }
    if let externalMarkChain {
      let value = json["externalSetMarkChain"] ?? json
      if markBit != nil { throw JSONError("cannot be given together with markMasqBit", at: value) }
      guard backend == .iptables else {
        throw JSONError(
          "\(quoted(externalMarkChain)) is a chain of iptables, which needs \"backend\": \"iptables\"", at: value)
      }
    }
    let runtime = try json.valueIfPresent("runtimeConfig", as: JSONValue.self)
    mappings = try Self.mappings(runtime)
  }

  /// Reads conditions and refuses those in the words of another backend than the one that is named.
  private static func conditionTokens(
    _ key: String, of json: JSONValue, for backend: RuleBackend?
  ) throws(JSONError) -> [String] {
    let tokens: [String] = try json.value(key, default: [])
    guard let first = tokens.first, !first.isEmpty else { return [] }
    let language: RuleBackend = first.hasPrefix("-") || first.hasPrefix("!") ? .iptables : .nftables
    if let backend, backend != language {
      throw JSONError(
        "\(quoted(first)) is an option of the \(language.rawValue) backend, and \(backend.rawValue) was requested",
        at: json[key] ?? json)
    }
    return tokens
  }

  /// Reads the mappings and leaves out what is there twice.
  private static func mappings(_ runtime: JSONValue?) throws(JSONError) -> [PortMapping] {
    guard let runtime else { return [] }
    let list: [JSONValue] = try runtime.value("portMappings", default: [])
    var mappings: [PortMapping] = []
    // So that thousands of ports are not compared with one another.
    let portCount = Int(UInt16.max) + 1
    var isSeen = [Bool](repeating: false, count: list.isEmpty ? 0 : portCount * 3)
    for json in list {
      let mapping = try PortMapping(json: json)
      let transport =
        switch mapping.transport {
        case .tcp: 0
        case .udp: 1
        case .sctp: 2
        }
      let port = transport * portCount + Int(mapping.hostPort)
      if isSeen[port] {
        var isCovered = false
        for other in mappings where mapping.isFor(samePortAs: other) {
          guard mapping.containerPort == other.containerPort else {
            throw JSONError(
              "\(mapping): the same port of the host is mapped to port \(other.containerPort), too", at: json)
          }
          if other.hostAddress == nil || other.hostAddress == mapping.hostAddress { isCovered = true }
        }
        if isCovered { continue }
        // What is left is for one family, where this one is for both.
        mappings.removeAll { mapping.isFor(samePortAs: $0) }
      }
      isSeen[port] = true
      mappings.append(mapping)
    }
    return mappings
  }
}

internal import CNI
internal import JSON
internal import NetworkAddresses
internal import RouteNetlink

/// The configuration of the `sbr` plugin.
struct SourceBasedRoutingConfiguration {
  /// A table that somebody else fills: packets are sent there, and the routes of the interface stay where they are.
  let table: RouteTable?

  /// What takes the place of the gateways of the previous result: one of each family at most.
  private(set) var gateways: [IPAddress] = []

  /// Whether the main table keeps the networks of the link, with the container's addresses as sources.
  let addsSourceHints: Bool

  /// Reads and validates the configuration.
  ///
  /// - Throws: Code 7 with the key, the value and the reason.
  init(_ call: Call) throws(PluginError) { try self.init(json: call.configuration) }

  init(json: JSONValue) throws(PluginError) {
    let texts: [String]
    do throws(JSONError) {
      table = try json.table
      texts = try json.value("gateways", default: [])
      addsSourceHints = try json.value("addSourceHints", default: false)
    } catch {
      throw .invalid(error)
    }
    guard texts.count <= 2 else {
      throw PluginError(
        .invalidConfiguration, "gateways list cannot contain more than 2 entries (one IPv4, one IPv6)",
        details: texts.joined(separator: ", "))
    }
    for text in texts {
      guard let gateway = IPAddress(text), !gateway.isUnspecified else {
        throw PluginError(.invalidConfiguration, "invalid static gateway IP address: \(text)")
      }
      if let other = gateways.first, other.family == gateway.family {
        throw PluginError(
          .invalidConfiguration,
          "gateways list contains multiple \(gateway.family == .ipv4 ? "IPv4" : "IPv6") addresses: \(other) and \(gateway)"
        )
      }
      gateways.append(gateway)
    }
  }

  /// The value of `table`, all that DEL needs of a configuration; nil where there is none, or none that can be read.
  static func table(of call: Call) -> RouteTable? { (try? call.configuration.table) ?? nil }

  /// The gateway of an address.
  func gateway(of address: AttachmentAddress) -> IPAddress? {
    gateways.first { $0.family == address.address.address.family } ?? address.gateway
  }
}

extension JSONValue {
  fileprivate var table: RouteTable? {
    get throws(JSONError) {
      guard let number = try valueIfPresent("table", as: Int.self), let json = self["table"] else { return nil }
      guard 1...Int(UInt32.max) ~= number else {
        throw JSONError("invalid table \(number): must be from 1 to \(UInt32.max)", at: json)
      }
      return RouteTable(rawValue: UInt32(number))
    }
  }
}

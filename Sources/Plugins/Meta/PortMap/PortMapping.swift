internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

/// A port of the host that leads to a port of the container: an entry of the capability `portMappings`.
struct PortMapping: Equatable {
  /// What runs over the port.
  let transport: Transport

  /// The address of the host at which the port is published, as it was given; nil stands for all, and an unspecified one
  /// (`0.0.0.0`, `::`) for all of its family.
  let hostAddress: IPAddress?

  /// The port on the host: 1 to 65535.
  let hostPort: UInt16

  /// The port in the container: 1 to 65535.
  let containerPort: UInt16

  /// A transport protocol whose ports can be mapped.
  enum Transport: String {
    case tcp, udp, sctp

    /// The number in the header of a packet. The corresponding C constants are `IPPROTO_TCP` and so on.
    var number: UInt8 {
      switch self {
      case .tcp: 6
      case .udp: 17
      case .sctp: 132
      }
    }
  }

  /// The one address of the host at which the port is published; nil stands for all of the families that it has.
  var specificHostAddress: IPAddress? {
    guard let hostAddress, !hostAddress.isUnspecified else { return nil }
    return hostAddress
  }

  /// Whether the port is published for a family.
  func isPublished(for family: AddressFamily) -> Bool { hostAddress == nil || hostAddress?.family == family }

  /// Whether there is a packet of a family that both mappings are for, and neither is the more specific one.
  func isFor(samePortAs other: PortMapping) -> Bool {
    guard transport == other.transport, hostPort == other.hostPort else { return false }
    guard specificHostAddress == other.specificHostAddress else { return false }
    return hostAddress == nil || other.hostAddress == nil || hostAddress == other.hostAddress
  }
}

extension PortMapping: CustomStringConvertible {
  /// `tcp 192.0.2.7:8080 to port 80`.
  var description: String { "\(transport.rawValue) \(hostText) to port \(containerPort)" }

  /// The address, where one was given, and the port on the host: `192.0.2.7:8080`, `[2001:db8::7]:8080`, `8080`.
  var hostText: String {
    switch hostAddress {
    case .v4(let address): "\(address):\(hostPort)"
    case .v6(let address): "[\(address)]:\(hostPort)"
    case nil: "\(hostPort)"
    }
  }
}

extension PortMapping: JSONDecodable {
  init(json: JSONValue) throws(JSONError) {
    let name: String = try json.value("protocol")
    guard let transport = Transport(rawValue: name.lowercased()) else {
      throw JSONError("\(quoted(name)) is not tcp, udp or sctp", at: json["protocol"] ?? json)
    }
    self.transport = transport
    hostAddress = try json.addressUnlessEmpty("hostIP")
    hostPort = try Self.port("hostPort", of: json)
    containerPort = try Self.port("containerPort", of: json)
  }

  private static func port(_ key: String, of json: JSONValue) throws(JSONError) -> UInt16 {
    let number: Int = try json.value(key)
    guard let port = UInt16(exactly: number), port > 0 else {
      throw JSONError("invalid port number \(number) (must be between 1 and 65535)", at: json[key] ?? json)
    }
    return port
  }
}

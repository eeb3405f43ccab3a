internal import CNI
internal import JSON
internal import Netlink
internal import RouteNetlink

/// The VLANs of a port of the bridge (IEEE 802.1Q): the keys `vlan`, `vlanTrunk` and `preserveDefaultVlan`.
struct BridgeVLANs {
  /// The VLAN of packets without a tag; 0 where the configuration names none.
  var access: UInt16

  /// The VLANs whose packets keep their tags, in ascending order. nil where the configuration has no trunk.
  var trunk: [UInt16]?

  /// Whether the port keeps the VLAN that the kernel gives to each new one.
  var preservesDefault: Bool

  /// The VLAN identifiers that are not reserved.
  private static let identifiers = 1...4094

  /// Whether the bridge has to tell VLANs apart.
  var needFiltering: Bool { access != 0 || trunk != nil }

  /// Reads and validates the keys.
  ///
  /// - Throws: Code 7.
  init(_ json: JSONValue) throws(PluginError) {
    let access: Int
    let elements: [TrunkElement]?
    do throws(JSONError) {
      access = try json.value("vlan", default: 0)
      elements = try json.valueIfPresent("vlanTrunk")
      preservesDefault = try json.value("preserveDefaultVlan", default: false)
    } catch {
      throw .invalid(error)
    }
    guard access == 0 || Self.identifiers ~= access else {
      throw PluginError(.invalidConfiguration, "invalid VLAN ID \(access) (must be between 0 and 4094)")
    }
    self.access = UInt16(access)
    if let elements {
      var isInTrunk = [Bool](repeating: false, count: Self.identifiers.upperBound + 1)
      for element in elements {
        for identifier in try element.identifiers(within: Self.identifiers) { isInTrunk[identifier] = true }
      }
      trunk = isInTrunk.indices.filter { isInTrunk[$0] }.map { UInt16($0) }
    }
  }

  /// Puts a port into its VLANs.
  func apply(to port: UInt32, on host: borrowing RouteSocket) throws(PluginError) {
    let memberships = memberships
    if memberships.isEmpty { return }
    try netlink { () throws(NetlinkError) in
      var requests: [RouteRequest] = []
      if !preservesDefault {
        requests += try host.bridgeVLANs(of: port).map { .deleteBridgeVLAN(port: port, id: $0.id) }
      }
      requests += memberships.map {
        .addBridgeVLAN(port: port, id: $0.id, pvid: $0.isPVID, untagged: $0.isUntagged)
      }
      try host.perform(requests)
    }
  }

  /// What the port becomes a member of. None where the configuration names no VLAN.
  var memberships: [BridgeVLAN] {
    let trunk = trunk ?? []
    if access == 0 && trunk.isEmpty { return [] }
    // Packets without a tag belong somewhere on a trunk, too: to VLAN 1, as switches do it.
    let native = access == 0 ? 1 : access
    // The trunk may name that one again, and to the kernel the last word counts.
    return [BridgeVLAN(id: native, isPVID: true, isUntagged: true)]
      + trunk.filter { $0 != native }.map { BridgeVLAN(id: $0) }
  }
}

/// An element of `vlanTrunk`: a range, a single VLAN, or both.
private struct TrunkElement: JSONDecodable {
  var minimum: Int?
  var maximum: Int?
  var identifier: Int?

  init(json: JSONValue) throws(JSONError) {
    minimum = try json.valueIfPresent("minID")
    maximum = try json.valueIfPresent("maxID")
    identifier = try json.valueIfPresent("id")
  }

  func identifiers(within allowed: ClosedRange<Int>) throws(PluginError) -> [Int] {
    var identifiers: [Int] = []
    switch (minimum, maximum) {
    case (let minimum?, let maximum?):
      guard allowed ~= minimum else { throw Self.incorrect("minID", minimum) }
      guard allowed ~= maximum else { throw Self.incorrect("maxID", maximum) }
      guard minimum <= maximum else {
        throw PluginError(.invalidConfiguration, "minID is greater than maxID in trunk parameter")
      }
      identifiers += minimum...maximum
    case (nil, _?):
      throw PluginError(
        .invalidConfiguration, "minID and maxID should be configured simultaneously, minID is missing")
    case (_?, nil):
      throw PluginError(
        .invalidConfiguration, "minID and maxID should be configured simultaneously, maxID is missing")
    case (nil, nil): break
    }
    if let identifier {
      guard allowed ~= identifier else { throw Self.incorrect("id", identifier) }
      identifiers.append(identifier)
    }
    return identifiers
  }

  private static func incorrect(_ key: String, _ value: Int) -> PluginError {
    PluginError(.invalidConfiguration, "incorrect trunk \(key) parameter", details: "vlanTrunk: \(key) is \(value)")
  }
}

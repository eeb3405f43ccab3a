internal import CLinux
public import Netlink

/// The membership of a bridge's port in a VLAN: `struct bridge_vlan_info` in <linux/if_bridge.h>.
public struct BridgeVLAN: Hashable, Sendable {
  /// The number of the VLAN: from 1 to 4094.
  public var id: UInt16

  /// Whether frames that come in without a tag belong to it. A port has one such VLAN at most.
  public var isPVID: Bool

  /// Whether frames of it go out without a tag.
  public var isUntagged: Bool

  public init(id: UInt16, isPVID: Bool = false, isUntagged: Bool = false) {
    self.id = id
    self.isPVID = isPVID
    self.isUntagged = isUntagged
  }

  init(_ information: bridge_vlan_info) {
    id = information.vid
    isPVID = information.flags & UInt16(BRIDGE_VLAN_INFO_PVID) != 0
    isUntagged = information.flags & UInt16(BRIDGE_VLAN_INFO_UNTAGGED) != 0
  }

  fileprivate var information: bridge_vlan_info {
    var flags: CInt = 0
    if isPVID { flags |= BRIDGE_VLAN_INFO_PVID }
    if isUntagged { flags |= BRIDGE_VLAN_INFO_UNTAGGED }
    return bridge_vlan_info(flags: UInt16(flags), vid: id)
  }
}

extension BridgeVLAN {
  /// Reads a message of the type `RTM_NEWLINK` and the family `AF_BRIDGE`; nil for another port's.
  static func list(_ message: borrowing Message, of port: UInt32) throws(MalformedMessage) -> [BridgeVLAN]? {
    guard UInt32(truncatingIfNeeded: try message.header(ifinfomsg.self).ifi_index) == port else { return nil }
    var vlans: [BridgeVLAN] = []
    var attributes = try message.attributes(after: ifinfomsg.self)
    while let attribute = try attributes.next() {
      guard attribute.type == IFLA_AF_SPEC else { continue }
      var specification = attribute.nested
      while let item = try specification.next() {
        if item.type == IFLA_BRIDGE_VLAN_INFO { vlans.append(BridgeVLAN(try item.structure(bridge_vlan_info.self))) }
      }
    }
    return vlans
  }
}

extension RouteRequest {
  /// Makes a bridge's port a member of a VLAN.
  ///
  /// The shell equivalent is `bridge vlan add dev NAME vid ID master`.
  ///
  /// - Parameters:
  ///   - pvid: Whether frames that come in without a tag belong to it.
  ///   - untagged: Whether frames of it go out without a tag.
  public static func addBridgeVLAN(port: UInt32, id: UInt16, pvid: Bool = false, untagged: Bool = false)
    -> RouteRequest
  {
    bridgeVLAN(
      RTM_SETLINK, port, BridgeVLAN(id: id, isPVID: pvid, isUntagged: untagged),
      "add vlan \(id) to bridge port with index \(port)")
  }

  /// Ends the membership of a bridge's port in a VLAN.
  ///
  /// The shell equivalent is `bridge vlan delete dev NAME vid ID master`.
  public static func deleteBridgeVLAN(port: UInt32, id: UInt16) -> RouteRequest {
    bridgeVLAN(RTM_DELLINK, port, BridgeVLAN(id: id), "delete vlan \(id) from bridge port with index \(port)")
  }

  private static func bridgeVLAN(
    _ type: Int, _ port: UInt32, _ vlan: BridgeVLAN, _ description: @autoclosure @escaping @Sendable () -> String
  ) -> RouteRequest {
    var header = ifinfomsg()
    header.ifi_family = UInt8(AF_BRIDGE)
    header.ifi_index = CInt(truncatingIfNeeded: port)
    var message = MessageBuilder(changing: type, header)
    message.nest(IFLA_AF_SPEC) { message in
      message.append(IFLA_BRIDGE_FLAGS, UInt16(BRIDGE_FLAGS_MASTER))
      message.append(IFLA_BRIDGE_VLAN_INFO, structure: vlan.information)
    }
    return RouteRequest(message, description())
  }
}

extension RouteSocket {
  /// The VLANs that a bridge's port is a member of; none where the bridge does not filter, or the kernel cannot.
  public func bridgeVLANs(of port: UInt32) throws(NetlinkError) -> [BridgeVLAN] {
    var header = ifinfomsg()
    header.ifi_family = UInt8(AF_BRIDGE)
    var message = MessageBuilder(MessageType(RTM_GETLINK), .dump, header)
    message.append(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_BRVLAN))
    let request = NetlinkRequest(message, "list vlans of bridge port with index \(port)")
    let ports = try socket.dump(request) { (message) throws(MalformedMessage) in
      try BridgeVLAN.list(message, of: port)
    }
    return ports.flatMap { $0 }
  }
}

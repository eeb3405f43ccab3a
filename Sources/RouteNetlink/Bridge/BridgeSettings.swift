internal import CLinux
internal import Netlink

/// How a bridge works: the `IFLA_BR_*` attributes of <linux/if_link.h>.
public struct BridgeSettings: Hashable, Sendable {
  /// Whether its ports are members of VLANs; nil where the kernel has no support for it.
  public internal(set) var vlanFiltering: Bool?

  /// The VLAN that a port is a member of when nobody says otherwise; nil where the kernel has no support for it.
  public internal(set) var defaultVLAN: UInt16?

  init(_ data: borrowing Attribute) throws(MalformedMessage) {
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case IFLA_BR_VLAN_FILTERING: vlanFiltering = try attribute.integer(as: UInt8.self) != 0
      case IFLA_BR_VLAN_DEFAULT_PVID: defaultVLAN = try attribute.integer()
      default: break
      }
    }
  }
}

extension RouteRequest {
  /// Switches the VLANs of a bridge on or off. A kernel without support for them refuses.
  ///
  /// The shell equivalent is `ip link set NAME type bridge vlan_filtering 1`.
  public static func setVLANFiltering(_ isOn: Bool, of bridge: LinkReference) -> RouteRequest {
    var header = ifinfomsg()
    header.ifi_index = bridge.index
    var message = MessageBuilder(changing: RTM_NEWLINK, header)
    bridge.append(to: &message)
    LinkKind.bridge(vlanFiltering: isOn).append(to: &message)
    return RouteRequest(message, "set vlan filtering of bridge \(bridge) \(isOn ? "on" : "off")")
  }
}

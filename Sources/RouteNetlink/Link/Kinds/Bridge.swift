internal import CLinux
internal import Netlink

extension LinkKind {
  /// A virtual switch.
  ///
  /// - Parameter vlanFiltering: Whether its ports are members of VLANs; nil for the kernel's default, which is no. A
  ///   kernel without support for it refuses either value.
  public static func bridge(vlanFiltering: Bool? = nil) -> LinkKind {
    guard let vlanFiltering else { return LinkKind("bridge") }
    return LinkKind("bridge") { message in
      message.append(IFLA_BR_VLAN_FILTERING, vlanFiltering ? 1 : 0 as UInt8)
    }
  }
}

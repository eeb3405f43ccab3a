internal import CLinux
internal import Netlink

extension RouteRequest {
  /// Deletes a link, and the other end where it is one of a pair. Fails with `ENODEV` where there is none.
  ///
  /// The shell equivalent is `ip link delete`.
  public static func deleteLink(_ link: LinkReference) -> RouteRequest {
    var header = ifinfomsg()
    header.ifi_index = link.index
    var message = MessageBuilder(changing: RTM_DELLINK, header)
    link.append(to: &message)
    return RouteRequest(message, "delete link \(link)")
  }

  /// Deletes all links of a group, for the time of one: each deletion waits for the kernel's readers, and all of a
  /// group wait together. Group 0, which every new link is in, is refused with `EPERM`.
  ///
  /// The shell equivalent is `ip link delete group GROUP`.
  public static func deleteLinks(group: UInt32) -> RouteRequest {
    var message = MessageBuilder(changing: RTM_DELLINK, ifinfomsg())
    message.append(IFLA_GROUP, group)
    return RouteRequest(message, "delete links of group \(group)")
  }
}

internal import CNI
internal import LinuxSystem
internal import NetworkAddresses

/// Lets the host pass packets on between its links, for the families that the addresses are of.
///
/// It is never taken back: others may rely on it by then.
func enableForwarding(for families: [AddressFamily]) throws(PluginError) {
  for family in families {
    let setting =
      switch family {
      case .ipv4: KernelSetting("net/ipv4/ip_forward")
      case .ipv6: KernelSetting("net/ipv6/conf/all/forwarding")
      }
    do throws(SystemError) {
      try setting.ensure("1")
    } catch {
      throw PluginError(.internal, "failed to enable forwarding: \(error)")
    }
  }
}

/// Keeps a link of the host from taking addresses and routes out of the router advertisements of a container
/// (CVE-2020-10749). A kernel without IPv6 has no such setting, and no such danger.
func refuseRouterAdvertisements(on link: String) {
  try? KernelSetting("net/ipv6/conf/\(link)/accept_ra").write("0")
}

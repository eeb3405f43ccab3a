internal import CLinux
internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import NetworkNamespaces
internal import RouteNetlink
internal import SystemPackage

/// Waits until the IPv6 addresses of an interface can be used: until duplicate address detection has found that nobody
/// else has them.
struct AddressSettling: ~Copyable {
  private let name: String
  private let index: UInt32
  private var events: NetlinkSubscription

  /// Begins to listen. Do so before the addresses are added: one could settle before anybody looks.
  init(_ name: String, index: UInt32, in namespace: borrowing NetworkNamespace) throws(PluginError) {
    self.name = name
    self.index = index
    events = try netlink { () throws(NetlinkError) in
      try NetlinkSubscription(groups: [UInt32(RTNLGRP_IPV6_IFADDR.rawValue)], in: namespace)
    }
  }

  /// Waits for the kernel's word on each address; nothing is asked again and again.
  ///
  /// - Throws: When an address is somebody else's, or when the time is over.
  mutating func wait(_ duration: Duration, container: borrowing RouteSocket) throws(PluginError) {
    let end = monotonicNanoseconds() + duration.nanoseconds
    while true {
      let addresses = try netlink { () throws(NetlinkError) in try container.addresses(of: index, family: .ipv6) }
      if let failed = addresses.first(where: { $0.flags.contains(.duplicate) }) {
        throw PluginError(
          "failed to settle addresses for \(quoted(name)): link \(name) has address \(failed.cidr.address) in DADFAILED state"
        )
      }
      guard let tentative = addresses.first(where: { $0.flags.contains(.tentative) }) else { return }
      let rest = end - monotonicNanoseconds()
      if try !nextEvent(within: .nanoseconds(max(rest, 0))) {
        throw PluginError(
          "failed to settle addresses for \(quoted(name)): link \(name) still has tentative address \(tentative.cidr.address)"
        )
      }
    }
  }
}

extension AddressSettling {
  /// - Returns: false when the time is over.
  private mutating func nextEvent(within duration: Duration) throws(PluginError) -> Bool {
    do throws(NetlinkError) {
      return try events.next(within: duration) { _ in true } != nil
    } catch {
      // Some were lost because there were so many: one more reason to look.
      if error.code == .noBufferSpace { return true }
      throw PluginError(error)
    }
  }
}

extension Duration {
  fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}

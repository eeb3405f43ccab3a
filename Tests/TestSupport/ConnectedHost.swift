/// A host with a link to somebody outside.
///
/// Whoever is outside knows the way to all containers, so that a packet that is not masqueraded arrives and is answered
/// as well: a test sees from where it comes.
package final class ConnectedHost: Sendable {
  package let host: Host

  /// The network outside: `192.0.2.2` and `2001:db8::2`.
  package let outside: Container

  /// The host's addresses on the link to the outside.
  package static let addresses = ["192.0.2.1", "2001:db8::1"]

  /// The addresses of whoever is outside.
  package static let outsideAddresses = ["192.0.2.2", "2001:db8::2"]

  package init() throws {
    host = try Host()
    outside = try host.makeContainer("outside")
    try host.shell(
      """
      sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0
      ip link add uplink type veth peer name uplink netns outside
      ip -batch - <<END
      address add 192.0.2.1/24 dev uplink
      address add 2001:db8::1/64 dev uplink nodad
      link set uplink up
      netns exec outside ip link set lo up
      netns exec outside ip address add 192.0.2.2/24 dev uplink
      netns exec outside ip address add 2001:db8::2/64 dev uplink nodad
      netns exec outside ip link set uplink up
      netns exec outside ip route add default via 192.0.2.1
      netns exec outside ip route add default via 2001:db8::1
      route add default via 192.0.2.2
      route add default via 2001:db8::2
      END
      """)
  }

  /// Makes a container, in which an IPv6 address is ready at once: nobody here has the same.
  package func makeContainer(_ name: String) throws -> Container {
    let container = try host.makeContainer(name)
    try container.shell("sysctl -qw net.ipv6.conf.default.accept_dad=0")
    return container
  }

  /// Makes a container and attaches it to a network.
  @discardableResult
  package func attach(
    _ name: String, to network: NetworkList, capabilities: String = "{}", by plugins: PluginDirectory = Peers.plugins
  ) throws -> AttachedContainer {
    let container = try makeContainer(name)
    let attachment = AttachedContainer(of: container, in: host, to: network, capabilities: capabilities, by: plugins)
    try attachment.mustSucceed("ADD")
    return attachment
  }
}

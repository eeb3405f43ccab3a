import TestSupport
import Testing

/// The networks of the traffic tests. Each has a bridge `br<number>` with 10.<number>.0.0/24 and fd00:<number>::/64,
/// whose gateway is the host.
extension NetworkList {
  /// A network `net<number>` of a bridge and the plugins after it.
  ///
  /// - Parameter members: More members of the bridge's configuration.
  static func bridge(_ number: Int = 1, _ members: String = "", _ others: PluginConfiguration...) -> NetworkList {
    let bridge: PluginConfiguration = """
      {
        "type": "bridge", "bridge": "br\(number)", "isGateway": true,
        "ipam": {
          "type": "host-local", "ranges": [[{"subnet": "10.\(number).0.0/24"}], [{"subnet": "fd00:\(number)::/64"}]],
          "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
        }\(joined(members))
      }
      """
    return NetworkList("net\(number)", [bridge] + others)
  }

  /// A network with published ports.
  static func published(_ number: Int = 1, bridge: String = "", portMap: String = "") -> NetworkList {
    .bridge(number, bridge, .portMap(portMap))
  }

}

extension PluginConfiguration {
  static func portMap(_ members: String = "") -> Self {
    #"{"type": "portmap", "capabilities": {"portMappings": true}\#(joined(members))}"#
  }

  static func firewall(_ members: String = "") -> Self { #"{"type": "firewall"\#(joined(members))}"# }

  static let bandwidth: Self = #"{"type": "bandwidth", "capabilities": {"bandwidth": true}}"#

  static func tuning(_ members: String) -> Self { #"{"type": "tuning", \#(members)}"# }
}

private func joined(_ members: String) -> String { members.isEmpty ? "" : ", \(members)" }

/// Port mappings as a runtime hands them over.
///
/// - Parameter mappings: `PROTOCOL [ADDRESS] PORT PORT`, the host's and then the container's.
func ports(_ mappings: String...) -> String { ports(mappings) }

func ports(_ mappings: [String]) -> String {
  let objects = mappings.map { mapping in
    let words = mapping.split(separator: " ")
    let address = words.count == 4 ? #", "hostIP": "\#(words[1])""# : ""
    let (hostPort, containerPort) = (words[words.count - 2], words[words.count - 1])
    return #"{"hostPort": \#(hostPort), "containerPort": \#(containerPort), "protocol": "\#(words[0])"\#(address)}"#
  }
  return #"{"portMappings": [\#(objects.joined(separator: ", "))]}"#
}

/// Whether packets between the ports of a bridge pass the packet rules of IP, as they do where the module `br_netfilter`
/// is loaded and nobody has switched it off.
enum BridgeFiltering: Int, CaseIterable, Sendable {
  case off = 0, on = 1

  /// Sets it in a host.
  func set(in host: Host) throws {
    let present = try host.shell("ls /proc/sys/net/bridge 2>&1 || true").contains("bridge-nf-call-iptables")
    if !present {
      if self == .on { try skip("br_netfilter is not loaded") }
      return
    }
    for name in ["iptables", "ip6tables"] { try host.shell("sysctl -qw net.bridge.bridge-nf-call-\(name)=\(rawValue)") }
  }
}

extension Trait where Self == ConditionTrait {
  /// The test is about something that the reference does otherwise.
  static func oursOnly(_ reference: Comment) -> Self { .disabled(if: Peers.plugins.isReference, reference) }
}

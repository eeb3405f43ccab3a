internal import CNI
internal import JSON
internal import LinuxSystem
internal import NFTables
internal import Netlink
internal import NetworkAddresses

/// What packet rules are made with.
enum RuleBackend: String {
  /// This executable speaks to the kernel's nf_tables itself.
  case nftables
  /// The programs `iptables` and `ip6tables` are called: only where the configuration names them.
  case iptables
}

extension RuleBackend {
  /// Verifies, for STATUS, that rules can be made.
  ///
  /// - Throws: Code 50 where the kernel, or the machine, has nothing to make them with.
  func checkReadiness() throws(PluginError) {
    do throws(PluginError) {
      switch self {
      case .nftables:
        do throws(NetlinkError) {
          _ = try NFTablesSocket().generation()
        } catch {
          throw PluginError("the kernel has no nf_tables: \(error)")
        }
      case .iptables: for family in AddressFamily.allCases { _ = try IPTables.require(family) }
      }
    } catch {
      throw PluginError(.unavailable, error.message, details: error.details)
    }
  }
}

extension RuleBackend: JSONDecodable {
  init(json: JSONValue) throws(JSONError) {
    let name = try String(json: json)
    guard let backend = RuleBackend(rawValue: name) else {
      throw JSONError("unrecognized backend \(quoted(name)) (must be nftables or iptables)", at: json)
    }
    self = backend
  }
}

internal import CNI
internal import JSON
internal import LinuxSystem

/// What packet rules are made with.
enum RuleBackend: String {
  /// This executable speaks to the kernel's nf_tables itself.
  case nftables
  /// The programs `iptables` and `ip6tables` are called: only where the configuration names them.
  case iptables
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

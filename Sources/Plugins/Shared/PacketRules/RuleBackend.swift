internal import CNI
internal import JSON
internal import LinuxSystem

/// What packet rules are made with.
enum RuleBackend: String {
  /// This executable speaks to the kernel's nf_tables itself.
  case nftables
  /// The programs `iptables` and `ip6tables` are called: only where the configuration names them.
  case iptables

  /// Reads the key of a configuration that names it; nf_tables where there is none.
  init(_ json: JSONValue, _ key: String) throws(JSONError) {
    guard let value = try json.valueIfPresent(key, as: JSONValue.self) else {
      self = .nftables
      return
    }
    guard let backend = RuleBackend(rawValue: try String(json: value)) else {
      throw JSONError("unknown backend \(quoted(try String(json: value))): nftables or iptables", at: value)
    }
    self = backend
  }
}

internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

/// The configuration of the `firewall` plugin.
struct FirewallConfiguration {
  /// Who is told to let the packets of containers pass: `backend`.
  enum Backend: String {
    /// The kernel, with nf_tables.
    case nftables
    /// The programs iptables and ip6tables.
    case iptables
    /// The daemon firewalld.
    case firewalld
  }

  /// Where connections to the container may come from: `ingressPolicy`.
  enum IngressPolicy: String {
    /// From anywhere that the host lets pass.
    case open
    /// From the container's own bridge and from the host, and to published ports.
    case sameBridge = "same-bridge"
    /// From the host, and to published ports.
    case isolated
  }

  /// ``Backend/nftables`` unless one is named.
  let backend: Backend

  /// ``IngressPolicy/open`` unless another one is named.
  let ingressPolicy: IngressPolicy

  /// The chain of people's own rules, which come first: `iptablesAdminChainName`.
  let adminChain: String

  /// The zone of firewalld that the addresses are put into.
  let firewalldZone: String

  /// Reads and validates the configuration.
  ///
  /// - Throws: Code 7 with the key, the value and the reason.
  init(_ call: Call) throws(PluginError) {
    let backend: String?
    let policy: String?
    do throws(JSONError) {
      let json = call.configuration
      backend = try json.valueUnlessEmpty("backend")
      policy = try json.valueUnlessEmpty("ingressPolicy")
      adminChain = try json.valueUnlessEmpty("iptablesAdminChainName") ?? Self.standardAdminChain
      firewalldZone = try json.valueUnlessEmpty("firewalldZone") ?? Self.standardZone
    } catch {
      throw .invalid(error)
    }
    guard let known = backend.map({ Backend(rawValue: $0) }) ?? .nftables else {
      throw PluginError(
        .invalidConfiguration, "unknown backend: \(quoted(backend ?? ""))",
        details: "it is nftables, iptables or firewalld")
    }
    self.backend = known
    guard let known = policy.map({ IngressPolicy(rawValue: $0) }) ?? .open else {
      throw PluginError(
        .invalidConfiguration, "unknown ingressPolicy: \(quoted(policy ?? ""))",
        details: "it is open, same-bridge or isolated")
    }
    ingressPolicy = known
    if let problem = Self.chainNameProblem(adminChain) {
      throw PluginError(.invalidConfiguration, "invalid iptablesAdminChainName \(quoted(adminChain)): \(problem)")
    }
  }

  /// The backend, for DEL: a mistake in the configuration must not keep an attachment from being removed.
  static func backendIfNamed(_ call: Call) -> Backend {
    text("backend", in: call).flatMap { Backend(rawValue: $0) } ?? .nftables
  }

  /// The zone of firewalld, for DEL.
  static func zoneIfNamed(_ call: Call) -> String { text("firewalldZone", in: call) ?? standardZone }

  private static func text(_ key: String, in call: Call) -> String? {
    call.configuration[key].flatMap { try? String(json: $0) }
  }

  private static let standardAdminChain = "CNI-ADMIN"

  private static let standardZone = "trusted"

  /// Why a text cannot be the name of a chain, both for iptables (at most 28 bytes: `XT_EXTENSION_MAXNAMELEN`) and in the
  /// language of nft; nil where it can.
  static func chainNameProblem(_ name: String) -> String? {
    if name.utf8.count > 28 { return "it is longer than 28 bytes" }
    var isDistinct = false
    for (position, byte) in name.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"): break
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): isDistinct = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
        if position == 0 { return "it does not begin with a letter" }
        if byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") { isDistinct = true }
      default: return "it contains something besides letters, digits and . _ -"
      }
    }
    if takenNames.contains(name) { return "another chain or a verdict has that name" }
    if PacketRules.isChainName(name) { return "names like that are those of swift-cni's own chains" }
    // The words of nft are `drop`, `counter`, `ip6`: with one of them as a chain, what `nft list ruleset` prints cannot be
    // loaded again.
    guard isDistinct, !wordsOfNftWithDash.contains(name) else {
      return "it could be a word of nft, unless there is a capital letter, _ or - in it"
    }
    return nil
  }

  /// The names of chains and verdicts that iptables has already.
  private static let takenNames = [
    "INPUT", "FORWARD", "OUTPUT", "ACCEPT", "DROP", "QUEUE", "RETURN", "REJECT", ForwardChain.name,
  ]

  /// The words of nft's language that are reserved everywhere and have a dash (version 1.0.6); none has a capital letter
  /// or a low line.
  private static let wordsOfNftWithDash = ["auto-merge", "gc-interval"]
}

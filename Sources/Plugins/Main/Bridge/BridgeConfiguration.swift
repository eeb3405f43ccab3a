internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

/// The configuration of the `bridge` plugin.
struct BridgeConfiguration {
  /// What all main plugins have.
  var common: MainPluginConfiguration
  /// The name of the bridge.
  var bridge: String
  /// Whether the bridge gets the gateway's addresses and the host forwards packets.
  var isGateway: Bool
  /// Whether the container gets a default route through the gateway. Implies ``isGateway``.
  var isDefaultGateway: Bool
  /// Whether addresses of the bridge that stand in the way of the gateway's are removed.
  var forcesAddress: Bool
  /// Whether the bridge sends packets back out of the port that they came in through.
  var isHairpin: Bool
  /// Whether the bridge takes packets for everybody.
  var isPromiscuous: Bool
  /// Whether the port exchanges packets with the bridge and with ports that are not isolated, but not with other
  /// isolated ones.
  var isolatesPort: Bool
  /// Which VLANs the port is in.
  var vlans: BridgeVLANs
  /// Whether duplicate address detection is done and waited for.
  var detectsDuplicateAddresses: Bool
  /// Whether the container's interface is left down and without addresses.
  var disablesContainerInterface: Bool
  /// Whether frames of the container with another source address than its own are dropped.
  var checksSpoofing: Bool
  /// The hardware address of the container's interface; nil takes a random one.
  var hardwareAddress: MACAddress?

  /// Reads and validates the configuration.
  ///
  /// - Throws: Code 7 with the key, the value and the reason.
  init(_ call: Call) throws(PluginError) {
    common = try MainPluginConfiguration(call)
    hardwareAddress = try common.hardwareAddress(call)
    do throws(JSONError) {
      let json = call.configuration
      bridge = try json.value("bridge", default: "cni0")
      isDefaultGateway = try json.value("isDefaultGateway", default: false)
      isGateway = try json.value("isGateway", default: false) || isDefaultGateway
      forcesAddress = try json.value("forceAddress", default: false)
      isHairpin = try json.value("hairpinMode", default: false)
      isPromiscuous = try json.value("promiscMode", default: false)
      isolatesPort = try json.value("portIsolation", default: false)
      detectsDuplicateAddresses = try json.value("enabledad", default: false)
      disablesContainerInterface = try json.value("disableContainerInterface", default: false)
      checksSpoofing = try json.value("macspoofchk", default: false)
    } catch {
      throw .invalid(error)
    }
    vlans = try BridgeVLANs(call.configuration)
    if let problem = linkNameProblem(bridge) {
      throw PluginError(.invalidConfiguration, "invalid bridge name \(quoted(bridge)): \(problem)")
    }
    if common.addressManager != nil && disablesContainerInterface {
      throw PluginError(.invalidConfiguration, "cannot use IPAM when DisableContainerInterface flag is set")
    }
    if common.addressManager == nil && call.version < .v0_3_0 {
      throw PluginError(
        .invalidConfiguration, "cannot convert: no valid IP addresses",
        details: "a result of version \(call.version.rawValue) cannot tell of an interface without addresses")
    }
    if isHairpin && isPromiscuous {
      throw PluginError(.invalidConfiguration, "cannot set hairpin mode and promiscuous mode at the same time")
    }
  }

  /// The packet rules of an attachment.
  ///
  /// - Parameters:
  ///   - hostLink: The name of the host's end.
  ///   - containerAddress: The hardware address of the container's end.
  func rules(hostLink: String, containerAddress: MACAddress) -> AttachmentRules {
    AttachmentRules(
      masquerade: common.addressManager == nil ? nil : common.masquerade,
      guardedPort: checksSpoofing ? GuardedPort(name: hostLink, address: containerAddress) : nil)
  }
}

internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

/// The part of the configuration that the plugins which make an interface have in common.
struct MainPluginConfiguration {
  /// The keys that stand in each configuration.
  let network: NetworkConfiguration

  /// The largest packet in bytes; nil leaves it to the kernel.
  let mtu: UInt32?

  /// How packets come to leave the host with the host's address (`ipMasq`, `ipMasqBackend`); nil where they do not.
  let masquerade: RuleBackend?

  /// What an Ethernet link carries: `ETH_MIN_MTU` and `ETH_MAX_MTU` of `linux/if_ether.h`.
  private static let mtuRange = 68...65535

  /// The value of `ipam.type`; nil for an interface without addresses (layer 2).
  var addressManager: String? { network.ipamType }

  /// Reads and validates the keys.
  ///
  /// - Throws: Code 7 with the key and the reason.
  init(_ call: Call) throws(PluginError) {
    let mtu: Int
    do throws(JSONError) {
      network = try NetworkConfiguration(json: call.configuration)
      mtu = try call.configuration.value("mtu", default: 0)
      let backend: RuleBackend = try call.configuration.value("ipMasqBackend", default: .nftables)
      masquerade = try call.configuration.value("ipMasq", default: false) ? backend : nil
    } catch {
      throw .invalid(error)
    }
    // Zero and below have always meant "not given".
    guard mtu > 0 else {
      self.mtu = nil
      return
    }
    guard Self.mtuRange ~= mtu else {
      throw PluginError(
        .invalidConfiguration,
        "invalid MTU \(mtu) (must be between \(Self.mtuRange.lowerBound) and \(Self.mtuRange.upperBound))")
    }
    self.mtu = UInt32(mtu)
  }

  /// The value of `ipam.type`: all that DEL and GC need of a configuration. A mistake elsewhere must not keep an
  /// attachment from being removed.
  static func addressManager(of call: Call) throws(PluginError) -> String? {
    guard let json = call.configuration["ipam"]?["type"], !json.isNull else { return nil }
    do throws(JSONError) {
      let type = try String(json: json)
      return type.isEmpty ? nil : type
    } catch {
      throw .invalid(error)
    }
  }

  /// The hardware address that the runtime, the network's arguments or `CNI_ARGS` ask for, in this order.
  ///
  /// - Throws: Code 7 for one that is none, or that no interface may have.
  func hardwareAddress(_ call: Call) throws(PluginError) -> MACAddress? {
    let argument = try Arguments(parsing: call.arguments)["MAC"]
    let wanted: String?
    do throws(JSONError) {
      let fromRuntime = try Self.mac(in: network.runtimeConfiguration)
      let fromNetwork = try Self.mac(in: network.arguments)
      wanted = fromRuntime ?? fromNetwork ?? argument
    } catch {
      throw .invalid(error)
    }
    guard let wanted else { return nil }
    guard let address = MACAddress(wanted) else {
      throw PluginError(.invalidConfiguration, "address \(wanted): invalid MAC address")
    }
    if address.isZero || address.isMulticast {
      throw PluginError(.invalidConfiguration, "address \(wanted): no interface may have this MAC address")
    }
    return address
  }

  private static func mac(in json: JSONValue?) throws(JSONError) -> String? {
    let text: String? = try json?.valueIfPresent("mac")
    return text == "" ? nil : text
  }
}

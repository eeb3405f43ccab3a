internal import CNI
internal import NetworkAddresses

/// Refuses more addresses of one family than the result of a version can tell.
func checkAddressCount(_ families: [AddressFamily], for version: SpecVersion) throws(PluginError) {
  guard version < .v0_3_0 else { return }
  let ipv4Count = families.count { $0 == .ipv4 }
  guard ipv4Count <= 1, families.count - ipv4Count <= 1 else {
    throw PluginError(
      .invalidConfiguration, "CNI version \(version) does not support more than 1 address per family")
  }
}

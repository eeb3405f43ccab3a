internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

// Addresses that are asked for by name come with or without a prefix length, which is ignored: the range says it.

/// The address that `CNI_ARGS` asks for; empty where it does not.
func requestedArgument(of call: Call) throws(PluginError) -> [IPAddress] {
  guard let text = try Arguments(parsing: call.arguments)["IP"] else { return [] }
  guard let address = requestedAddress(text) else {
    throw PluginError(
      .invalidEnvironment, "ARGS: error parsing value of pair \(quoted("IP=\(text)")): invalid IP address \(text)")
  }
  return [address]
}

extension JSONValue {
  /// The addresses that an array of texts asks for; empty where there is none.
  func requestedAddresses(_ key: String) throws(JSONError) -> [IPAddress] {
    try value(key, default: [RequestedAddress]()).map(\.address)
  }
}

private struct RequestedAddress: JSONDecodable {
  let address: IPAddress

  init(json: JSONValue) throws(JSONError) {
    let text = try String(json: json)
    guard !text.isEmpty else { throw JSONError("cannot understand ip: IP <nil> not v4 nor v6", at: json) }
    guard let address = requestedAddress(text) else { throw JSONError("invalid IP address \(text)", at: json) }
    self.address = address
  }
}

private func requestedAddress(_ text: String) -> IPAddress? { IPAddress(text) ?? CIDR(text)?.address }

public import JSON
public import NetworkAddresses

extension JSONValue {
  /// The string of a key, or nil where it is empty or not there: the protocol makes no difference between the two.
  public func valueUnlessEmpty(_ key: String) throws(JSONError) -> String? {
    guard let text = try valueIfPresent(key, as: String.self), !text.isEmpty else { return nil }
    return text
  }

  /// The integer of a key, or nil where it is zero or not there: that is "not set" for sizes and priorities.
  func valueUnlessZero(_ key: String) throws(JSONError) -> Int? {
    guard let number = try valueIfPresent(key, as: Int.self), number != 0 else { return nil }
    return number
  }

  /// The address of a key, or nil where it is empty or not there.
  public func addressUnlessEmpty(_ key: String) throws(JSONError) -> IPAddress? {
    guard try valueUnlessEmpty(key) != nil else { return nil }
    return try value(key)
  }
}

extension IPAddress: JSONDecodable {
  /// Reads an address from its text.
  public init(json: JSONValue) throws(JSONError) {
    let text = try String(json: json)
    guard let address = IPAddress(text) else { throw JSONError("invalid IP address: \(text)", at: json) }
    self = address
  }
}

extension CIDR: JSONDecodable {
  /// Reads an address with its prefix length from its text.
  public init(json: JSONValue) throws(JSONError) {
    let text = try String(json: json)
    guard let cidr = CIDR(text) else { throw JSONError("invalid CIDR address: \(text)", at: json) }
    self = cidr
  }
}

extension MACAddress: JSONDecodable {
  /// Reads a hardware address from its text.
  public init(json: JSONValue) throws(JSONError) {
    let text = try String(json: json)
    guard let address = MACAddress(text) else { throw JSONError("address \(text): invalid MAC address", at: json) }
    self = address
  }
}

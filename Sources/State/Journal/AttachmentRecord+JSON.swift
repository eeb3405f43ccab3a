internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses

// The reader and the writer of a record stand side by side, field by field in the same order.

extension AttachmentRecord {
  /// A file that is longer is no record, in bytes.
  static let greatestLength = 4 << 20

  /// Reads what ``encoded()`` wrote.
  ///
  /// - Returns: nil for anything else.
  init?(parsing bytes: [UInt8]) {
    guard let json = try? JSONValue(parsing: bytes), let record = try? AttachmentRecord(json: json) else { return nil }
    self = record
  }

  private init?(json: JSONValue) throws(JSONError) {
    let attachment = Attachment(
      network: try json.value("network"), containerID: try json.value("containerID"),
      interfaceName: try json.value("interface"))
    let namespace = try json.valueIfPresent("namespace", as: JSONValue.self)
    self.init(
      attachment: attachment,
      plugin: try json.value("plugin"),
      namespacePath: try json.value("namespacePath"),
      namespace: try namespace.map { json throws(JSONError) in
        FileIdentity(device: try json.value("device"), inode: try json.value("inode"))
      },
      addressManager: try json.valueIfPresent("ipam"),
      startedAt: try json.value("startedAt"))
    guard let phase = Phase(rawValue: try json.value("phase")) else { return nil }
    self.phase = phase
    for json in try json.value("hostLinks", as: [JSONValue].self) {
      guard let address = MACAddress(try json.value("address", as: String.self)) else { return nil }
      hostLinks.append(HostLink(name: try json.value("name"), address: address))
    }
    for text in try json.value("addresses", as: [String].self) {
      guard let address = CIDR(text) else { return nil }
      addresses.append(address)
    }
    owned = try json.value("owned", default: [])
  }

  /// The record as one line of JSON.
  func encoded() -> [UInt8] {
    var object = JSONNode.object()
    object.set("network", .string(attachment.network))
    object.set("containerID", .string(attachment.containerID))
    object.set("interface", .string(attachment.interfaceName))
    object.set("plugin", .string(plugin))
    object.set("namespacePath", .string(namespacePath))
    if let namespace {
      var identity = JSONNode.object()
      identity.set("device", .integer(Int(truncatingIfNeeded: namespace.device)))
      identity.set("inode", .integer(Int(truncatingIfNeeded: namespace.inode)))
      object.set("namespace", identity)
    }
    if let addressManager { object.set("ipam", .string(addressManager)) }
    object.set("startedAt", .integer(startedAt))
    object.set("phase", .string(phase.rawValue))
    var links = JSONNode.array()
    for link in hostLinks {
      var json = JSONNode.object()
      json.set("name", .string(link.name))
      json.set("address", .string(link.address.description))
      links.append(json)
    }
    object.set("hostLinks", links)
    object.set("addresses", .strings(addresses.map(\.description)))
    if !owned.isEmpty { object.set("owned", .strings(owned)) }
    return object.serialized(.compact)
  }
}

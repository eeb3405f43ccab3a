internal import CLinux
internal import CNI
internal import JSON
internal import LinuxSystem
internal import NetworkAddresses
internal import RouteNetlink

/// What can be tuned about a link: what is wanted, or what was there before. What is nil is left alone.
struct LinkAttributes: Equatable {
  /// The hardware address.
  var hardwareAddress: MACAddress?
  /// Whether it takes in packets for others.
  var isPromiscuous: Bool?
  /// The largest packet, in bytes.
  var mtu: UInt32?
  /// Whether it takes in the packets for all groups.
  var takesAllMulticast: Bool?
  /// How many packets may wait to be sent.
  var transmitQueueLength: UInt32?

  /// Whether there is nothing to tune.
  var isEmpty: Bool { self == LinkAttributes() }

  /// What a link has now of those attributes that are wanted.
  init(of link: Link, as wanted: LinkAttributes) {
    if wanted.hardwareAddress != nil { hardwareAddress = link.address }
    if wanted.isPromiscuous != nil { isPromiscuous = link.isPromiscuous }
    if wanted.mtu != nil { mtu = link.mtu }
    if wanted.takesAllMulticast != nil { takesAllMulticast = link.takesAllMulticast }
    if wanted.transmitQueueLength != nil { transmitQueueLength = link.transmitQueueLength }
  }

  init() {}

  /// These attributes, and from others those that these lack.
  func completed(from others: LinkAttributes) -> LinkAttributes {
    var all = self
    all.hardwareAddress = hardwareAddress ?? others.hardwareAddress
    all.isPromiscuous = isPromiscuous ?? others.isPromiscuous
    all.mtu = mtu ?? others.mtu
    all.takesAllMulticast = takesAllMulticast ?? others.takesAllMulticast
    all.transmitQueueLength = transmitQueueLength ?? others.transmitQueueLength
    return all
  }

  /// One attribute by the key that it has in a configuration, and the change that sets it.
  struct Change {
    let key: String
    let value: String
    let change: LinkChanges
  }

  /// The changes that set these attributes, in the order of the reference.
  var changes: [Change] {
    var changes: [Change] = []
    if let hardwareAddress {
      changes.append(
        Change(key: "mac", value: hardwareAddress.description, change: LinkChanges(address: hardwareAddress)))
    }
    if let isPromiscuous {
      changes.append(
        Change(key: "promisc", value: "\(isPromiscuous)", change: LinkChanges(isPromiscuous: isPromiscuous)))
    }
    if let mtu { changes.append(Change(key: "mtu", value: "\(mtu)", change: LinkChanges(mtu: mtu))) }
    if let takesAllMulticast {
      changes.append(
        Change(
          key: "allmulti", value: "\(takesAllMulticast)", change: LinkChanges(takesAllMulticast: takesAllMulticast)))
    }
    if let transmitQueueLength {
      changes.append(
        Change(
          key: "txQLen", value: "\(transmitQueueLength)",
          change: LinkChanges(transmitQueueLength: transmitQueueLength)))
    }
    return changes
  }
}

// MARK: - The link

extension LinkAttributes {
  /// What sets these attributes of a link.
  func requests(for link: Link) -> [RouteRequest] { changes.map { .setLink(.index(link.index), $0.change) } }

  /// Sets these attributes.
  ///
  /// - Throws: Code 7 with the key and the value that the kernel refuses. Others are set then.
  func apply(to link: Link, in container: borrowing RouteSocket) throws(PluginError) {
    let changes = changes
    let errors = container.performAll(requests(for: link))
    for index in changes.indices {
      guard let error = errors[index] else { continue }
      throw PluginError(
        .invalidConfiguration, "\(changes[index].key): value \(quoted(changes[index].value)): \(error)")
    }
  }

  /// Compares a link with these attributes. That others want it to take in packets for others, too (a capture), is their
  /// affair.
  ///
  /// - Throws: The first difference.
  func check(_ link: Link) throws(PluginError) {
    if let hardwareAddress, link.address != hardwareAddress {
      let address = link.address?.description ?? ""
      throw difference("configured Ethernet of \(link.name) is \(hardwareAddress)", address)
    }
    if let isPromiscuous, link.isPromiscuous != isPromiscuous {
      throw difference("link \(link.name) configured promisc is \(isPromiscuous)", "\(link.promiscuityCount)")
    }
    if let mtu, link.mtu != mtu { throw difference("configured MTU of \(link.name) is \(mtu)", "\(link.mtu)") }
    if let takesAllMulticast, link.takesAllMulticast != takesAllMulticast {
      throw difference(
        "configured all-multicast mode of \(link.name) is \(takesAllMulticast)", "\(link.takesAllMulticast)")
    }
    if let transmitQueueLength, link.transmitQueueLength != transmitQueueLength {
      throw difference(
        "configured Transmit Queue Length of \(link.name) is \(transmitQueueLength)", "\(link.transmitQueueLength)")
    }
  }

  private func difference(_ wanted: String, _ current: String) -> PluginError {
    PluginError("Error: Tuning \(wanted), current value is \(current)")
  }
}

// MARK: - The keys of a configuration, which are those of a backup, too

extension LinkAttributes {
  /// Reads the keys.
  init(json: JSONValue) throws(JSONError) {
    hardwareAddress = try json.interfaceAddress("mac")
    isPromiscuous = try json.valueIfPresent("promisc")
    // The kernel's own limits: `dev_set_mtu` and `dev_change_tx_queue_len`. A kind of link may have narrower ones.
    mtu = try json.number("mtu", upTo: Int(Int32.max))
    takesAllMulticast = try json.valueIfPresent("allmulti")
    transmitQueueLength = try json.number("txQLen", upTo: Int(UInt32.max))
  }
}

extension JSONValue {
  /// The hardware address of a key, or nil where it is empty or not there. It must be one that an interface may have.
  func interfaceAddress(_ key: String) throws(JSONError) -> MACAddress? {
    guard let text = try valueUnlessEmpty(key), let json = self[key] else { return nil }
    let address = try MACAddress(json: json)
    if address.isZero || address.isMulticast {
      throw JSONError("address \(text): no interface may have this MAC address", at: json)
    }
    return address
  }

  fileprivate func number(_ key: String, upTo limit: Int) throws(JSONError) -> UInt32? {
    guard let number = try valueIfPresent(key, as: Int.self), let json = self[key] else { return nil }
    guard 0...limit ~= number else { throw JSONError("invalid value \(number): must be from 0 to \(limit)", at: json) }
    return UInt32(number)
  }
}

// MARK: - The backup file

// The reference's format, so that whichever of the two is called for DEL restores what the other has changed.
extension LinkAttributes {
  /// A file that is longer is no backup, in bytes.
  private static let greatestLength = 4096

  /// Reads a backup file.
  ///
  /// - Returns: nil where there is none, or none that can be read.
  init?(contentsOf path: String) {
    guard let bytes = try? readFile(path, limit: LinkAttributes.greatestLength),
      let json = try? JSONValue(parsing: bytes), let attributes = try? LinkAttributes(json: json)
    else { return nil }
    self = attributes
    // What the reference writes where there was nothing to write.
    if mtu == 0 { mtu = nil }
  }

  /// Writes a backup file. One that is there has been read by now, so it is written over.
  func write(to path: String) throws(SystemError) {
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeDirectories(String(path[..<slash]), mode: 0o700)
    }
    let file = try OwnedDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
    try writeAll(file.rawValue, Array(text.utf8), subject: path)
  }

  /// An object with one attribute a line.
  private var text: String {
    var members = ""
    for change in changes {
      let value = change.key == "mac" ? "\"\(change.value)\"" : change.value
      members += "\(members.isEmpty ? "" : ",")\n \"\(change.key)\": \(value)"
    }
    return "{\(members)\n}"
  }
}

internal import CNI
internal import LinuxSystem
internal import NetworkAddresses
internal import State

/// The packet rules that a main plugin makes for an attachment, as the journal keeps them.
struct AttachmentRules {
  /// What the attachment's traffic leaves the host with the host's address by; nil where it does not.
  var masquerade: RuleBackend?

  /// The port of the bridge whose frames must come from the container, and its hardware address.
  var guardedPort: GuardedPort?

  /// Nothing at all.
  var isEmpty: Bool { masquerade == nil && guardedPort == nil }

  /// The rules in the words of the journal.
  var texts: [String] {
    var texts: [String] = []
    if let masquerade { texts.append("masquerade \(masquerade.rawValue)") }
    if let guardedPort { texts.append("macspoofchk \(guardedPort.name) \(guardedPort.address)") }
    return texts
  }

  /// Makes the rules.
  ///
  /// - Parameter addresses: The container's.
  func add(for attachment: Attachment, _ addresses: [CIDR]) throws(PluginError) {
    switch masquerade {
    case .nftables: try Masquerade(attachment: attachment, addresses: addresses).add()
    case .iptables: try IPTablesMasquerade(attachment: attachment, addresses: addresses).add()
    case nil: break
    }
    if let guardedPort { try SpoofCheck(attachment: attachment, port: guardedPort).add() }
  }

  /// Verifies that the rules of an attachment are there: those that its record tells of. An attachment of the reference
  /// has none.
  static func check(_ call: Call, plugin: String) throws(PluginError) {
    guard let record = Journal().record(of: call.attachment, plugin: plugin) else { return }
    let rules = AttachmentRules(record.owned)
    switch rules.masquerade {
    case .nftables: try Masquerade(attachment: record.attachment, addresses: record.addresses).check()
    case .iptables: try IPTablesMasquerade(attachment: record.attachment, addresses: record.addresses).check()
    case nil: break
    }
    if let port = rules.guardedPort { try SpoofCheck(attachment: record.attachment, port: port).check() }
  }
}

// MARK: - Taking them back

extension AttachmentRules {
  /// Reads what ``texts`` wrote.
  init(_ texts: [String]) {
    for text in texts {
      let words = words(of: text)
      switch (words.first, words.count) {
      case ("masquerade", 2): masquerade = RuleBackend(rawValue: words[1])
      case ("macspoofchk", 3):
        if let address = MACAddress(words[2]) { guardedPort = GuardedPort(name: words[1], address: address) }
      default: break
      }
    }
  }

  /// Removes the rules that a record tells of, as far as they are there.
  static func remove(_ record: AttachmentRecord) throws(PluginError) {
    let rules = AttachmentRules(record.owned)
    var failures = FailureList()
    switch rules.masquerade {
    case .nftables:
      failures.collect { () throws(PluginError) in
        try Masquerade(attachment: record.attachment, addresses: record.addresses).remove()
      }
    case .iptables:
      failures.collect { () throws(PluginError) in
        try IPTablesMasquerade(attachment: record.attachment, addresses: record.addresses).remove()
      }
    case nil: break
    }
    if let port = rules.guardedPort {
      failures.collect { () throws(PluginError) in
        try SpoofCheck(attachment: record.attachment, port: port).remove()
      }
    }
    try failures.throwIfAny()
  }

  /// Removes the rules of an attachment for a DEL: those of its record, and those that the reference has made for it.
  static func remove(recordedAs content: JournalEntry.Content, for call: Call) throws(PluginError) {
    let attachment = call.attachment
    var failures = FailureList()
    var addresses: [CIDR] = []
    if case .record(let record) = content {
      addresses = record.addresses
      failures.collect { () throws(PluginError) in try remove(record) }
    } else if let result = try? call.previousResult() {
      // The record may be lost, or the reference has made the attachment.
      addresses = result.addresses.map(\.address)
      failures.collect { () throws(PluginError) in
        try Masquerade(attachment: attachment, addresses: addresses).remove()
      }
    }
    failures.collect { () throws(PluginError) in
      try ReferenceMasquerade(attachment: attachment, addresses: addresses).remove()
    }
    failures.collect { () throws(PluginError) in try ReferenceSpoofCheck(attachment: attachment).remove() }
    try failures.throwIfAny()
  }
}

internal import CNI
internal import LinuxSystem
internal import NFTables
internal import Netlink
internal import Synchronization
internal import SystemPackage

/// The packet rules of this host: tables with a few chains that never change, and sets and maps that the chains look
/// things up in. An attachment is a few elements of them, so that it costs the same however many there are.
///
/// `docs/packet-rules.md` shows the tables and a packet's way through them.
///
/// A process speaks to the kernel by one socket and closes it when it ends. Who closes a socket of nf_tables waits until
/// what was removed by it is free, 10 to 20 ms later; whatever else the process does meanwhile costs nothing more.
final class PacketRules: Sendable {
  /// The table of what concerns IPv4 and IPv6.
  static let table = TableReference(family: .inet, name: "swift-cni")

  /// The table of what concerns the frames of bridges.
  static let bridgeTable = TableReference(family: .bridge, name: "swift-cni")

  /// What both tables say of themselves.
  static let tableComment = "container network, see docs/packet-rules.md of swift-cni"

  /// What the names of all chains in ``table`` begin with.
  private static let chainPrefixes = [
    "conditional-", "forwarding", "host-ports", "localnet-", "masquerading", "own-subnets", "published", "publishing-",
  ]

  /// Whether a chain of this name is, or may be, one of those that this executable has in ``table``.
  static func isChainName(_ name: String) -> Bool {
    for prefix in chainPrefixes where name.hasPrefix(prefix) { return true }
    return false
  }

  /// An element, and the set or map that it is in.
  struct Entry {
    var set: SetReference
    var element: SetElement
  }

  /// Adds changes to a batch. It may look at what is there.
  typealias Change = (inout Batch, borrowing NFTablesSocket) throws(NetlinkError) -> Void

  /// Adds to a batch what elements need: tables, chains, sets and rules.
  typealias Foundation = Change

  /// What speaks to the kernel.
  let socket: NFTablesSocket

  /// How often a change is tried that others get in the way of each time.
  private static let attempts = 100

  private let namespace: FileIdentity?

  /// The one of this process.
  private static let current = Mutex<PacketRules?>(nil)

  private init(in namespace: FileIdentity?) throws(NetlinkError) {
    self.namespace = namespace
    socket = try NFTablesSocket()
  }

  /// The rules of the host's namespace, which is the calling thread's.
  static func ofHost() throws(PluginError) -> PacketRules { try netlink(open) }

  /// The same, to take rules back; nil where the kernel has no packet rules, so that none can be left.
  static func ofHostIfAny() throws(PluginError) -> PacketRules? {
    do throws(NetlinkError) {
      return try open()
    } catch {
      if error.code == .protocolNotSupported { return nil }
      throw PluginError(error)
    }
  }

  private static func open() throws(NetlinkError) -> PacketRules {
    let namespace = try? FileIdentity(ofPath: "/proc/thread-self/ns/net")
    return try current.withLock { (rules) throws(NetlinkError) in
      if let rules, let namespace, rules.namespace == namespace { return rules }
      let opened = try PacketRules(in: namespace)
      rules = opened
      return opened
    }
  }

  /// Adds elements: all of them, or none where one is taken.
  ///
  /// - Parameter foundation: What the elements need. It is laid when the kernel says that something is missing, in the
  ///   same transaction.
  /// - Returns: nil for success, else the position of the first element whose key is taken.
  func create(_ entries: [Entry], upon foundation: Foundation) throws(PluginError) -> Int? {
    if entries.isEmpty { return nil }
    var batch = Batch()
    for entry in entries { batch.create(entry.element, in: entry.set) }
    do throws(BatchError) {
      try socket.commit(batch)
      return nil
    } catch {
      switch error.code {
      case .fileExists: return error.position
      case .noSuchFileOrDirectory: break
      default: throw PluginError(error.error)
      }
    }
    var start = 0
    do throws(BatchError) {
      try commitUndisturbed { (batch, socket) throws(NetlinkError) in
        try foundation(&batch, socket)
        start = batch.count
        for entry in entries { batch.create(entry.element, in: entry.set) }
      }
      return nil
    } catch {
      guard error.code == .fileExists, let position = error.position, position >= start else {
        throw PluginError(error.error)
      }
      return position - start
    }
  }

  /// Adds elements, and takes over those whose key is taken: an address belongs to whoever got it last.
  func put(_ entries: [Entry], upon foundation: Foundation) throws(PluginError) {
    guard try create(entries, upon: foundation) != nil else { return }
    try change { (batch, socket) throws(NetlinkError) in
      try foundation(&batch, socket)
      for entry in entries {
        if try socket.element(entry.element.key, of: entry.set) != nil {
          batch.delete(entry.element.key, from: entry.set)
        }
        batch.create(entry.element, in: entry.set)
      }
    }
  }

  /// Removes elements, unless they belong to somebody else by now. Those that are not there are what is wanted.
  ///
  /// - Parameter owner: The comment that the elements must have. See ``attachmentComment(of:)``.
  func remove(_ keys: [(set: SetReference, key: ElementKey)], of owner: String) throws(PluginError) {
    try change { (batch, socket) throws(NetlinkError) in
      for (set, key) in keys {
        // A record can have any text where a part of a name was. What no set can be called was never made.
        if set.name.utf8.count > ObjectName.greatestLength { continue }
        if try socket.element(key, of: set)?.comment == owner { batch.delete(key, from: set) }
      }
    }
  }

  /// Changes the rules in one transaction that is right only for what the body has seen of them: when something has
  /// changed meanwhile, nothing happens and the body is asked again.
  func change(_ body: Change) throws(PluginError) {
    do throws(BatchError) {
      try commitUndisturbed(body)
    } catch {
      throw PluginError(error.error)
    }
  }

  /// The same, for who has to know which operation was refused.
  private func commitUndisturbed(_ body: Change) throws(BatchError) {
    var attempt = 1
    while true {
      var batch = Batch()
      do throws(NetlinkError) {
        batch.generation = try socket.generation()
        try body(&batch, socket)
      } catch {
        throw BatchError(position: nil, error: error)
      }
      if batch.isEmpty { return }
      do throws(BatchError) {
        return try socket.commit(batch)
      } catch {
        guard error.isOutdated, attempt < Self.attempts else { throw error }
        attempt += 1
      }
    }
  }
}

/// What the elements of an attachment are commented with: `NETWORK/CONTAINER/INTERFACE`, of which `nft` reads back no
/// more than 127 bytes. A longer one ends with a number that is made of all of it.
func attachmentComment(of attachment: Attachment) -> String {
  let text = "\(attachment.network)/\(attachment.containerID)/\(attachment.interfaceName)"
  let longest = 127
  if text.utf8.count <= longest { return text }
  let mark = "…" + hexadecimalDigits(derivedNumber(of: [text]))
  return String(decoding: text.utf8.prefix(longest - mark.utf8.count), as: UTF8.self) + mark
}

package import NetworkAddresses

/// Who holds a lease, within one network: an interface of a container.
package struct LeaseOwner: Hashable, Sendable {
  /// The runtime's identifier of the container.
  package let containerID: String
  /// The name of the interface in the container.
  package let interfaceName: String

  package init(containerID: String, interfaceName: String) {
    self.containerID = containerID
    self.interfaceName = interfaceName
  }

  /// What a lease file of this owner contains: the container's id, CR LF, the interface's name, and nothing at the end.
  var fileContent: [UInt8] { Array("\(containerID)\r\n\(interfaceName)".utf8) }

  /// A number for the owner, the same at any time and on any machine.
  var hash: UInt64 { LeaseHolder.owner(self).hash ?? 0 }
}

/// What a lease file says about its holder.
package enum LeaseHolder: Hashable, Sendable, CustomStringConvertible {
  /// An interface of a container.
  case owner(LeaseOwner)

  /// A container, whichever its interface: what host-local wrote before it knew of several interfaces.
  case container(String)

  /// Nobody: the file is empty or garbled. Its writer died, or a power cut took the content; whoever looks at it under
  /// the store's lock knows that nobody is in the middle of writing it.
  case nobody

  /// The file cannot be read, so that the address may well be somebody's.
  case unreadable

  /// Reads the content of a lease file.
  init(fileContent: [UInt8]) {
    guard let text = String(validating: trimmed(fileContent), as: UTF8.self) else {
      self = .nobody
      return
    }
    // CR LF is one Character in Swift, so the parts are cut at bytes.
    let bytes = Array(text.utf8)
    let separator = bytes.indices.dropLast().first { bytes[$0] == carriageReturn && bytes[$0 + 1] == lineFeed }
    let containerID = bytes[..<(separator ?? bytes.endIndex)]
    let interfaceName = separator.map { bytes[($0 + 2)...] }
    guard isWord(containerID), interfaceName.map(isWord) ?? true else {
      self = .nobody
      return
    }
    let id = String(decoding: containerID, as: UTF8.self)
    if let interfaceName {
      self = .owner(LeaseOwner(containerID: id, interfaceName: String(decoding: interfaceName, as: UTF8.self)))
    } else {
      self = .container(id)
    }
  }

  /// Whether the lease is this owner's. A lease of the whole container is every interface's.
  package func includes(_ owner: LeaseOwner) -> Bool {
    switch self {
    case .owner(let holder): holder == owner
    case .container(let id): id == owner.containerID
    case .nobody, .unreadable: false
    }
  }

  /// A number for the holder, the same at any time and on any machine; nil where the file names none.
  var hash: UInt64? {
    switch self {
    case .owner(let owner): StableHash.of(owner.fileContent)
    case .container(let id): StableHash.of(Array(id.utf8))
    case .nobody, .unreadable: nil
    }
  }

  package var description: String {
    switch self {
    case .owner(let owner): "container \(owner.containerID), interface \(owner.interfaceName)"
    case .container(let id): "container \(id)"
    case .nobody: "nobody: its file is empty or garbled"
    case .unreadable: "an unknown holder: its file cannot be read"
    }
  }
}

/// An address and who holds it.
package struct Lease: Sendable {
  /// The address that is taken.
  package let address: IPAddress
  /// Whose it is.
  package let holder: LeaseHolder
  /// When the file was written, in seconds since 1970.
  package let since: Int

  init(address: IPAddress, _ file: LeaseFile) {
    self.address = address
    self.holder = file.holder
    self.since = Int(file.modified / 1_000_000_000)
  }
}

private let carriageReturn = UInt8(ascii: "\r")
private let lineFeed = UInt8(ascii: "\n")

private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

private func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
  guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
  else {
    return []
  }
  return bytes[first...last]
}

/// Whether the bytes are what an identifier can be: some, and none of them a blank or a control character.
private func isWord(_ bytes: ArraySlice<UInt8>) -> Bool {
  !bytes.isEmpty && bytes.allSatisfy { $0 > 0x20 && $0 != 0x7f }
}

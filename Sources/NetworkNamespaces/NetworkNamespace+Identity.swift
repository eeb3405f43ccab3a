internal import LinuxSystem

extension NetworkNamespace {
  /// What the namespace is, whichever handle or path leads to it; `nil` for a handle that is not open.
  public var identity: NamespaceIdentity? {
    guard isOpen, let file = try? FileIdentity(of: descriptor) else { return nil }
    return NamespaceIdentity(device: file.device, inode: file.inode)
  }

  /// Whether two handles stand for one namespace. Two handles on no namespace are the same.
  public func isSame(as other: borrowing NetworkNamespace) -> Bool {
    identity == other.identity
  }

  /// The namespace's name among all that are alive: `NS(4:4026531833)` (device, inode); `NS(none)` for a handle that is
  /// not open.
  public var uniqueID: String { identity?.description ?? "NS(none)" }

  /// The handle for a log: `NS(5: 4, 4026531833)` (descriptor, device, inode); `NS(none)` for one that is not open.
  public var description: String {
    guard let identity else { return "NS(none)" }
    return "NS(\(descriptor): \(identity.device), \(identity.inode))"
  }
}

/// What makes two handles the same namespace: the device and the inode of its file.
///
/// Paths and descriptors do not: many lead to one namespace, and both are used again for others. An identity is unique
/// while its namespace lives; afterwards the kernel may give the inode to another one.
public struct NamespaceIdentity: Hashable, Sendable, CustomStringConvertible {
  /// The device number of the kernel's namespace file system (`st_dev` of `stat(2)`).
  public let device: UInt64

  /// The namespace's number on it (`st_ino` of `stat(2)`).
  public let inode: UInt64

  /// An identity that was written down, or read from elsewhere.
  public init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }

  /// `NS(4:4026531833)`: the device and the inode in decimal digits.
  public var description: String { "NS(\(device):\(inode))" }
}

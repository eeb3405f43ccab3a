internal import CLinux
public import Netlink
public import SystemPackage

/// A batch that the kernel refused, as a whole.
public struct BatchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The position of the first operation, in their order, that was refused; nil when it is the batch that was.
  public let position: Int?

  /// What the kernel said.
  public let error: NetlinkError

  public init(position: Int?, error: NetlinkError) {
    self.position = position
    self.error = error
  }

  /// The error number.
  public var code: Errno { error.code }

  /// Whether nothing happened because the rules have changed since the generation that the batch was made for.
  public var isOutdated: Bool { code.rawValue == ERESTART }

  public var description: String { error.description }
}

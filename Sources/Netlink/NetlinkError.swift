public import LinuxSystem
public import SystemPackage

/// A request that the kernel refused, or that did not reach it: which one, why, and what the kernel says about it.
///
/// The description is what a person reads:
/// `add route to 10.9.0.0/16 via 10.1.0.1: network is unreachable (Nexthop has invalid gateway)`.
public struct NetlinkError: Error, Hashable, Sendable, CustomStringConvertible, SystemErrorConvertible {
  /// What was asked for: `add veth "eth0"`.
  public let operation: String

  /// The error number. See `errno(3)`.
  public let code: Errno

  /// The kernel's own words, where it has any (`NLMSGERR_ATTR_MSG`).
  public let kernelMessage: String?

  /// Where in the request the attribute is that the kernel does not like, in bytes from the start of the message
  /// (`NLMSGERR_ATTR_OFFS`).
  public let offset: UInt32?

  /// The type of the attribute that the kernel misses (`NLMSGERR_ATTR_MISS_TYPE`).
  public let missingAttribute: UInt32?

  public init(
    operation: String, code: Errno, kernelMessage: String? = nil, offset: UInt32? = nil, missingAttribute: UInt32? = nil
  ) {
    self.operation = operation
    self.code = code
    self.kernelMessage = kernelMessage
    self.offset = offset
    self.missingAttribute = missingAttribute
  }

  /// A system call on the way that failed.
  public init(_ error: SystemError) {
    let subject = error.subject.map { " " + quoted($0) } ?? ""
    self.init(operation: error.operation + subject, code: error.code)
  }

  /// A system call that failed while a request was performed.
  init(_ error: SystemError, during operation: String) {
    self.init(operation: "\(operation): \(error.operation)", code: error.code)
  }

  /// A reply that cannot be read.
  init(_ error: MalformedMessage, during operation: String) {
    self.init(operation: "\(operation): \(error)", code: .badMessage)
  }

  public var description: String {
    let text = "\(operation): \(code.text)"
    if let kernelMessage { return "\(text) (\(kernelMessage))" }
    if let missingAttribute { return "\(text) (attribute \(missingAttribute) is missing)" }
    return text
  }
}

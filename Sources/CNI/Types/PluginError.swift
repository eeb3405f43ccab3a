public import JSON
public import LinuxSystem

/// What a plugin answers when it cannot do what it was asked to.
public struct PluginError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure.
  public var code: ErrorCode

  /// One line: what failed and why.
  public var message: String

  /// More about it, or nil.
  public var details: String?

  public init(_ code: ErrorCode, _ message: String, details: String? = nil) {
    self.code = code
    self.message = message
    self.details = details
  }

  /// A failure that the protocol has no code for: ``ErrorCode/internal``.
  public init(_ message: String) { self.init(.internal, message) }

  /// The error with what was going on put before its message: `failed to load netconf: …`. The code stays, so that
  /// "try again later" is still that at the runtime.
  public func during(_ step: String) -> PluginError {
    PluginError(code, "\(step): \(message)", details: details)
  }

  /// As callers show it: the message, then the details.
  public var description: String {
    guard let details else { return message }
    return "\(message); \(details)"
  }
}

extension PluginError: SystemErrorConvertible {
  /// A failed system call has no code of its own in the protocol.
  public init(_ error: SystemError) { self.init(.internal, error.description) }
}

extension PluginError {
  /// Text that could not be decoded, or a value that could but is refused.
  public init(_ error: JSONError) {
    self.init(error.isDecodingFailure ? .decoding : .invalidConfiguration, error.description)
  }
}

// MARK: - JSON

extension PluginError {
  /// The error object, in the order of the specification.
  ///
  /// - Parameter version: The version of the request, or the newest where it is not known.
  public func encode(as version: SpecVersion) -> [UInt8] {
    var object = JSONNode.object()
    object.set("cniVersion", .string(version.rawValue))
    object.set("code", .integer(Int(code.rawValue)))
    object.set("msg", .string(message))
    if let details, !details.isEmpty { object.set("details", .string(details)) }
    return object.serialized(.indented)
  }
}

extension PluginError: JSONDecodable {
  /// Reads an error object. It must have a message; `code` 0 is "unknown".
  public init(json: JSONValue) throws(JSONError) {
    self.init(
      ErrorCode(rawValue: try json.value("code", default: 0)),
      try json.value("msg"),
      details: try json.valueUnlessEmpty("details"))
  }
}

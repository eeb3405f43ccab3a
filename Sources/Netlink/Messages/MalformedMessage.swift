/// Bytes from a socket that are no message, or not the message that they claim to be.
public struct MalformedMessage: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, in a few words: `attribute of 2 bytes`.
  public let reason: String

  public init(_ reason: String) { self.reason = reason }

  public var description: String { "malformed message: \(reason)" }
}

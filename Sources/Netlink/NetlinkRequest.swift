internal import CLinux
internal import SystemPackage

/// Something to ask of the kernel: a message, and what it is in a person's words.
public struct NetlinkRequest: Sendable, CustomStringConvertible {
  /// The message. Its sequence number is given when it is sent.
  public let bytes: [UInt8]

  /// Why it cannot be sent. See ``MessageBuilder/defect``.
  let defect: Errno?

  private let describe: @Sendable () -> String

  /// Finishes a message.
  ///
  /// - Parameter description: What errors name it, in lower case and as one would say it: `add veth "eth0"`. The text
  ///   is made only where it is needed.
  public init(_ message: consuming MessageBuilder, _ description: @autoclosure @escaping @Sendable () -> String) {
    var bytes = message.bytes
    let length = UInt32(truncatingIfNeeded: bytes.count)
    withUnsafeBytes(of: length) { bytes.replaceSubrange(0..<4, with: $0) }
    self.bytes = bytes
    defect = message.defect
    describe = description
  }

  private init(_ bytes: [UInt8], _ defect: Errno?, _ describe: @escaping @Sendable () -> String) {
    self.bytes = bytes
    self.defect = defect
    self.describe = describe
  }

  /// The same request, to be acknowledged.
  public var acknowledged: NetlinkRequest {
    var bytes = bytes
    withUnsafeBytes(of: flags.union(.acknowledge).rawValue) { bytes.replaceSubrange(6..<8, with: $0) }
    return NetlinkRequest(bytes, defect, describe)
  }

  public var description: String { describe() }

  var flags: MessageFlags {
    MessageFlags(rawValue: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: 6, as: UInt16.self))
  }
}

internal import CLinux

/// What a message is about: `nlmsg_type` of `struct nlmsghdr` in <linux/netlink.h>.
///
/// The first sixteen belong to netlink itself, the others to the protocol of the socket.
public struct MessageType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The message type of a constant as Swift imports it: `MessageType(RTM_NEWLINK)`.
  public init(_ constant: some BinaryInteger) { rawValue = UInt16(truncatingIfNeeded: constant) }

  /// A message of a subsystem of netfilter: the subsystem in the upper byte. See <linux/netfilter/nfnetlink.h>.
  public init(subsystem: UInt8, message: UInt8) { rawValue = UInt16(subsystem) << 8 | UInt16(message) }

  /// The corresponding C constant is `NLMSG_NOOP`.
  public static let noOperation = MessageType(NLMSG_NOOP)

  /// The answer to a request: an error, or zero for success. The corresponding C constant is `NLMSG_ERROR`.
  public static let acknowledgement = MessageType(NLMSG_ERROR)

  /// The end of a dump. The corresponding C constant is `NLMSG_DONE`.
  public static let done = MessageType(NLMSG_DONE)
}

internal import CLinux

/// How a message is meant: `nlmsg_flags` of `struct nlmsghdr` in <linux/netlink.h>.
///
/// Several flags share a bit: what it means depends on the kind of the message.
public struct MessageFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  private init(_ constant: CInt) { rawValue = UInt16(truncatingIfNeeded: constant) }

  // MARK: Every message

  /// The corresponding C constant is `NLM_F_REQUEST`.
  public static let request = MessageFlags(NLM_F_REQUEST)

  /// Asks for an acknowledgement. The corresponding C constant is `NLM_F_ACK`.
  public static let acknowledge = MessageFlags(NLM_F_ACK)

  /// Asks for the notification that others get. The corresponding C constant is `NLM_F_ECHO`.
  public static let echo = MessageFlags(NLM_F_ECHO)

  // MARK: Requests that get something

  /// Asks for all objects. The corresponding C constant is `NLM_F_DUMP`.
  public static let dump = MessageFlags(NLM_F_DUMP)

  // MARK: Requests that make something

  /// Makes the object if there is none. The corresponding C constant is `NLM_F_CREATE`.
  public static let create = MessageFlags(NLM_F_CREATE)

  /// Fails if there is such an object. The corresponding C constant is `NLM_F_EXCL`.
  public static let exclusive = MessageFlags(NLM_F_EXCL)

  /// Replaces such an object. The corresponding C constant is `NLM_F_REPLACE`.
  public static let replace = MessageFlags(NLM_F_REPLACE)

  /// Puts the object at the end of a list. The corresponding C constant is `NLM_F_APPEND`.
  public static let append = MessageFlags(NLM_F_APPEND)

  // MARK: Replies

  /// More messages follow, up to one of the type ``MessageType/done``. The corresponding C constant is `NLM_F_MULTI`.
  public static let multipart = MessageFlags(NLM_F_MULTI)

  /// What is dumped changed meanwhile: objects may be missing. The corresponding C constant is `NLM_F_DUMP_INTR`.
  public static let dumpInterrupted = MessageFlags(NLM_F_DUMP_INTR)

  // MARK: Acknowledgements

  /// The request is not repeated in the answer, but for its header. The corresponding C constant is `NLM_F_CAPPED`.
  public static let capped = MessageFlags(NLM_F_CAPPED)

  /// Attributes explain the answer. The corresponding C constant is `NLM_F_ACK_TLVS`.
  public static let explained = MessageFlags(NLM_F_ACK_TLVS)
}

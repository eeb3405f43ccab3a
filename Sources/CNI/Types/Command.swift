/// What the runtime wants: the value of `CNI_COMMAND`.
public enum Command: String, Sendable {
  /// Attach a container to the network, or adjust an attachment.
  case add = "ADD"
  /// Undo that.
  case delete = "DEL"
  /// Verify that an attachment is as it was made.
  case check = "CHECK"
  /// Remove what belongs to no valid attachment.
  case collectGarbage = "GC"
  /// Say whether an ADD could be served.
  case status = "STATUS"
  /// Say which versions of the protocol the plugin speaks.
  case version = "VERSION"

  /// Whether the command is about one attachment, so that a container and an interface must be named.
  var concernsAttachment: Bool {
    switch self {
    case .add, .delete, .check: true
    case .collectGarbage, .status, .version: false
    }
  }

  /// Whether there must be a network namespace to work in.
  var needsNamespace: Bool { self == .add || self == .check }

  /// The oldest version of a configuration that allows the command.
  var introduced: SpecVersion {
    switch self {
    case .add, .delete, .version: .v0_1_0
    case .check: .v0_4_0
    case .collectGarbage, .status: .v1_1_0
    }
  }
}

internal import CLinux
package import Netlink

/// What a link is, and the settings of its own that it is made with. Each kind has a file in `Kinds/`.
public struct LinkKind: Sendable {
  /// The kernel's name of the kind: `veth`, `bridge`.
  public let name: String

  private let appendData: (@Sendable (inout MessageBuilder) -> Void)?

  /// A kind.
  ///
  /// - Parameter data: Appends what belongs into `IFLA_INFO_DATA`.
  package init(_ name: String, data: (@Sendable (inout MessageBuilder) -> Void)? = nil) {
    self.name = name
    appendData = data
  }

  func append(to message: inout MessageBuilder) {
    message.nest(IFLA_LINKINFO) { message in
      message.append(IFLA_INFO_KIND, text: name)
      if let appendData { message.nest(IFLA_INFO_DATA, appendData) }
    }
  }
}

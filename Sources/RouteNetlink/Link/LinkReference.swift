internal import CLinux
internal import LinuxSystem
internal import Netlink

/// Which link is meant.
public enum LinkReference: Hashable, Sendable, CustomStringConvertible {
  /// The link with an index.
  case index(UInt32)

  /// The link with a name. One of more than 15 bytes is an alternative name.
  case name(String)

  /// The way that errors name it: `"eth0"`, `with index 7`.
  public var description: String {
    switch self {
    case .index(let index): "with index \(index)"
    case .name(let name): quoted(name)
    }
  }

  var index: CInt {
    switch self {
    case .index(let index): CInt(truncatingIfNeeded: index)
    case .name: 0
    }
  }

  /// Appends the name, where the link is meant by it.
  func append(to message: inout MessageBuilder) {
    guard case .name(let name) = self else { return }
    message.append(name.utf8.count < Int(IFNAMSIZ) ? IFLA_IFNAME : IFLA_ALT_IFNAME, text: name)
  }
}

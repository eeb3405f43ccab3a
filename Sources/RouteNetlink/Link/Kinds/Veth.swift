internal import CLinux
internal import Netlink

/// The far end of a virtual cable, and where it is plugged in. See <linux/veth.h>.
public struct VethSpecification: Sendable {
  /// The far end. It has no kind of its own.
  public var peer: LinkSpecification

  /// - Parameters:
  ///   - peer: The far end.
  ///   - peerNamespace: A descriptor of the network namespace that the far end is made in; nil for the one that the
  ///     peer says, or that of the near end.
  public init(peer: LinkSpecification, peerNamespace: CInt? = nil) {
    self.peer = peer
    if let peerNamespace { self.peer.namespaceDescriptor = peerNamespace }
  }
}

extension LinkKind {
  /// A virtual cable: two links, made and deleted together. What one sends, the other receives.
  public static func veth(_ specification: VethSpecification) -> LinkKind {
    LinkKind("veth") { message in
      let peer = specification.peer
      message.nest(VETH_INFO_PEER) { message in
        message.append(structure: peer.header)
        peer.appendAttributes(to: &message)
      }
    }
  }
}

public import NetworkAddresses

/// An address of a link. See <linux/if_addr.h>.
public struct LinkAddress: Hashable, Sendable {
  /// The address and the network that it brings along.
  public var cidr: CIDR

  /// The other end's address, where the link has one other end. The prefix is that of the other end then.
  public var peer: IPAddress?

  /// The address of all in the network at once. For IPv4 only; nil for none.
  public var broadcast: IPAddress?

  /// The name that old tools print for it: the link's, or that with a colon and more. For IPv4 only.
  public var label: String?

  /// How far it reaches.
  public var scope: Scope

  /// How the kernel treats it.
  public var flags: AddressFlags

  /// The index of the link. It is set in addresses that come from the kernel.
  public internal(set) var linkIndex: UInt32?

  public init(
    _ cidr: CIDR, peer: IPAddress? = nil, broadcast: IPAddress? = nil, label: String? = nil,
    scope: Scope = .universe, flags: AddressFlags = []
  ) {
    self.cidr = cidr
    self.peer = peer
    self.broadcast = broadcast
    self.label = label
    self.scope = scope
    self.flags = flags
  }
}

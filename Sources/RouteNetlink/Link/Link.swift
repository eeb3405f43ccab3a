public import NetworkAddresses

/// A network interface as the kernel describes it. See <linux/if_link.h>.
public struct Link: Hashable, Sendable {
  /// The number that names it inside of its network namespace.
  public internal(set) var index: UInt32

  /// The name inside of its network namespace.
  public internal(set) var name = ""

  /// The kernel's name for what it is: `veth`, `bridge`; nil for a physical device or a loopback.
  public internal(set) var kind: String?

  /// What it is and can do.
  public internal(set) var flags: LinkFlags

  /// Whether it can carry packets.
  public internal(set) var operationalState = OperationalState.unknown

  /// The hardware address, if it has one of six bytes.
  public internal(set) var address: MACAddress?

  /// The hardware address of all its neighbours at once.
  public internal(set) var broadcast: MACAddress?

  /// The largest packet, in bytes.
  public internal(set) var mtu: UInt32 = 0

  /// The index of the bridge or other link that it is a port of.
  public internal(set) var master: UInt32?

  /// The index of the link that it belongs to: the other end of a veth, the parent of a macvlan.
  public internal(set) var linkIndex: UInt32?

  /// The number of the network namespace which that link is in, as this one knows it; nil for this one. -1 stands for a
  /// namespace without a number.
  public internal(set) var linkNamespaceID: Int32?

  /// The text for people.
  public internal(set) var alias: String?

  /// Names beside the name, which may be longer.
  public internal(set) var alternativeNames: [String] = []

  /// The group that it belongs to; 0 unless somebody says otherwise.
  public internal(set) var group: UInt32 = 0

  /// How many want it to take in packets for others. A bridge wants it of its ports, without the flag.
  public internal(set) var promiscuityCount: UInt32 = 0

  /// The number of queues for packets on their way out.
  public internal(set) var transmitQueues: UInt32 = 0

  /// The number of queues for packets on their way in.
  public internal(set) var receiveQueues: UInt32 = 0

  /// How many packets may wait to be sent.
  public internal(set) var transmitQueueLength: UInt32 = 0

  /// The settings of a bridge.
  public internal(set) var bridge: BridgeSettings?

  /// The settings of a bridge's port.
  public internal(set) var bridgePort: BridgePortSettings?

  init(index: UInt32, flags: LinkFlags) {
    self.index = index
    self.flags = flags
  }

  /// Whether somebody switched it on.
  public var isUp: Bool { flags.contains(.up) }

  /// Whether somebody asked for packets for others by the flag.
  public var isPromiscuous: Bool { flags.contains(.promiscuous) }

  /// Whether somebody asked for packets for all groups by the flag.
  public var takesAllMulticast: Bool { flags.contains(.allMulticast) }

  /// The index of the other end, in its own namespace; nil for anything but a veth.
  public var peerIndex: UInt32? { kind == "veth" ? linkIndex : nil }
}

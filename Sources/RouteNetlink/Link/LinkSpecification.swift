internal import CLinux
internal import LinuxSystem
internal import Netlink
public import NetworkAddresses

/// A link that is to be made. What is nil is left to the kernel.
public struct LinkSpecification: Sendable {
  /// The name, of at most 15 bytes. With `%d` in it the kernel puts a number there.
  public var name: String

  /// What it is; nil for the far end of a pair, which is what the near end is.
  public var kind: LinkKind?

  /// The index, which must be free.
  public var index: UInt32?

  /// The largest packet, in bytes.
  public var mtu: UInt32?

  /// The hardware address.
  public var address: MACAddress?

  /// The index of the bridge or other link that it becomes a port of.
  public var master: UInt32?

  /// Whether it is up from the start. The far end of a pair cannot be: the kernel answers `ENOTCONN`.
  public var isUp: Bool

  /// How many queues it has for packets on their way out. A veth has as many as there may be processors, unless told
  /// otherwise, and each takes time and memory.
  public var transmitQueues: UInt32?

  /// How many queues it has for packets on their way in.
  public var receiveQueues: UInt32?

  /// The group that it belongs to: a number with which links are changed or deleted together.
  public var group: UInt32?

  /// A descriptor of the network namespace that it is made in; nil for the socket's own.
  public var namespaceDescriptor: CInt?

  public init(
    name: String, kind: LinkKind? = nil, index: UInt32? = nil, mtu: UInt32? = nil, address: MACAddress? = nil,
    master: UInt32? = nil, isUp: Bool = false, transmitQueues: UInt32? = nil, receiveQueues: UInt32? = nil,
    group: UInt32? = nil, namespaceDescriptor: CInt? = nil
  ) {
    self.name = name
    self.kind = kind
    self.index = index
    self.mtu = mtu
    self.address = address
    self.master = master
    self.isUp = isUp
    self.transmitQueues = transmitQueues
    self.receiveQueues = receiveQueues
    self.group = group
    self.namespaceDescriptor = namespaceDescriptor
  }

  /// The structure before the attributes.
  var header: ifinfomsg {
    var header = ifinfomsg()
    header.ifi_index = CInt(truncatingIfNeeded: index ?? 0)
    if isUp {
      header.ifi_flags = UInt32(IFF_UP)
      header.ifi_change = UInt32(IFF_UP)
    }
    return header
  }

  func appendAttributes(to message: inout MessageBuilder) {
    message.append(IFLA_IFNAME, text: name)
    if let mtu { message.append(IFLA_MTU, mtu) }
    if let address { message.append(IFLA_ADDRESS, address) }
    if let master { message.append(IFLA_MASTER, master) }
    if let transmitQueues { message.append(IFLA_NUM_TX_QUEUES, transmitQueues) }
    if let receiveQueues { message.append(IFLA_NUM_RX_QUEUES, receiveQueues) }
    if let group { message.append(IFLA_GROUP, group) }
    if let namespaceDescriptor { message.append(IFLA_NET_NS_FD, namespaceDescriptor) }
    kind?.append(to: &message)
  }
}

extension RouteRequest {
  /// Makes a link. Fails with `EEXIST` where one has the name or the index.
  ///
  /// The shell equivalent is `ip link add NAME type KIND`.
  public static func addLink(_ link: LinkSpecification) -> RouteRequest {
    var message = MessageBuilder(changing: RTM_NEWLINK, link.header, [.create, .exclusive])
    link.appendAttributes(to: &message)
    return RouteRequest(message, "add \(link.kind?.name ?? "link") \(quoted(link.name))")
  }
}

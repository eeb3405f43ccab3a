internal import CLinux
internal import Netlink
public import NetworkAddresses

/// What is to change about a link. What is nil stays as it is.
public struct LinkChanges: Sendable {
  /// Whether it is up.
  public var isUp: Bool?

  /// Its name. The link must be meant by its index then.
  public var name: String?

  /// The largest packet, in bytes.
  public var mtu: UInt32?

  /// The hardware address.
  public var address: MACAddress?

  /// The index of the bridge or other link that it becomes a port of; 0 for none.
  public var master: UInt32?

  /// Whether it takes in packets for others, too. The kernel counts who wants that; this is one vote.
  public var isPromiscuous: Bool?

  /// Whether it takes in the packets for all groups, not only for those that somebody here listens to. The kernel counts
  /// who wants that; this is one vote.
  public var takesAllMulticast: Bool?

  /// A text for people, of at most 255 bytes.
  public var alias: String?

  /// The group that it belongs to: a number with which links are changed or deleted together.
  public var group: UInt32?

  /// A descriptor of the network namespace that it moves to.
  public var namespaceDescriptor: CInt?

  /// How many packets may wait to be sent.
  public var transmitQueueLength: UInt32?

  public init(
    isUp: Bool? = nil, name: String? = nil, mtu: UInt32? = nil, address: MACAddress? = nil, master: UInt32? = nil,
    isPromiscuous: Bool? = nil, takesAllMulticast: Bool? = nil, alias: String? = nil, group: UInt32? = nil,
    namespaceDescriptor: CInt? = nil, transmitQueueLength: UInt32? = nil
  ) {
    self.isUp = isUp
    self.name = name
    self.mtu = mtu
    self.address = address
    self.master = master
    self.isPromiscuous = isPromiscuous
    self.takesAllMulticast = takesAllMulticast
    self.alias = alias
    self.group = group
    self.namespaceDescriptor = namespaceDescriptor
    self.transmitQueueLength = transmitQueueLength
  }

  fileprivate func apply(to header: inout ifinfomsg) {
    for (flag, value) in [(IFF_UP, isUp), (IFF_PROMISC, isPromiscuous), (IFF_ALLMULTI, takesAllMulticast)] {
      guard let value else { continue }
      header.ifi_change |= UInt32(flag)
      if value { header.ifi_flags |= UInt32(flag) }
    }
  }

  fileprivate func appendAttributes(to message: inout MessageBuilder) {
    if let name { message.append(IFLA_IFNAME, text: name) }
    if let mtu { message.append(IFLA_MTU, mtu) }
    if let address { message.append(IFLA_ADDRESS, address) }
    if let master { message.append(IFLA_MASTER, master) }
    if let alias { message.append(IFLA_IFALIAS, bytes: alias.utf8) }
    if let group { message.append(IFLA_GROUP, group) }
    if let namespaceDescriptor { message.append(IFLA_NET_NS_FD, namespaceDescriptor) }
    if let transmitQueueLength { message.append(IFLA_TXQLEN, transmitQueueLength) }
  }

  /// The changes in words, for errors: `up, mtu 1400`.
  fileprivate var summary: String {
    var parts: [String] = []
    if let isUp { parts.append(isUp ? "up" : "down") }
    if let name { parts.append("name \(name)") }
    if let mtu { parts.append("mtu \(mtu)") }
    if let address { parts.append("address \(address)") }
    if let master { parts.append(master == 0 ? "no master" : "master \(master)") }
    if let isPromiscuous { parts.append(isPromiscuous ? "promiscuous" : "not promiscuous") }
    if let takesAllMulticast { parts.append(takesAllMulticast ? "all multicast" : "not all multicast") }
    if alias != nil { parts.append("alias") }
    if let group { parts.append("group \(group)") }
    if namespaceDescriptor != nil { parts.append("namespace") }
    if let transmitQueueLength { parts.append("transmit queue \(transmitQueueLength)") }
    return parts.joined(separator: ", ")
  }
}

extension RouteRequest {
  /// Changes a link. The shell equivalent is `ip link set`.
  public static func setLink(_ link: LinkReference, _ changes: LinkChanges) -> RouteRequest {
    var header = ifinfomsg()
    header.ifi_index = link.index
    changes.apply(to: &header)
    // RTM_NEWLINK changes what is there, as long as it may not create; RTM_SETLINK knows fewer attributes.
    var message = MessageBuilder(changing: RTM_NEWLINK, header)
    link.append(to: &message)
    changes.appendAttributes(to: &message)
    return RouteRequest(message, "set link \(link) \(changes.summary)")
  }
}

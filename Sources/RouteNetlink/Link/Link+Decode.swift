internal import CLinux
package import Netlink

extension Link {
  /// Reads a message of the type `RTM_NEWLINK`. What is unknown is passed over.
  package init(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(ifinfomsg.self)
    self.init(
      index: UInt32(truncatingIfNeeded: header.ifi_index), flags: LinkFlags(rawValue: header.ifi_flags))
    var attributes = try message.attributes(after: ifinfomsg.self)
    while let attribute = try attributes.next() { try read(attribute) }
  }

  private mutating func read(_ attribute: borrowing Attribute) throws(MalformedMessage) {
    switch attribute.type {
    case IFLA_IFNAME: name = attribute.text
    case IFLA_IFALIAS: alias = attribute.text
    case IFLA_ADDRESS: address = attribute.hardwareAddress
    case IFLA_BROADCAST: broadcast = attribute.hardwareAddress
    case IFLA_MTU: mtu = try attribute.integer()
    case IFLA_MASTER: master = try attribute.integer()
    case IFLA_LINK: linkIndex = try attribute.integer()
    case IFLA_LINK_NETNSID: linkNamespaceID = try attribute.integer()
    case IFLA_OPERSTATE: operationalState = OperationalState(rawValue: try attribute.integer())
    case IFLA_GROUP: group = try attribute.integer()
    case IFLA_PROMISCUITY: promiscuityCount = try attribute.integer()
    case IFLA_NUM_TX_QUEUES: transmitQueues = try attribute.integer()
    case IFLA_NUM_RX_QUEUES: receiveQueues = try attribute.integer()
    case IFLA_TXQLEN: transmitQueueLength = try attribute.integer()
    case IFLA_PROP_LIST: try readProperties(attribute)
    case IFLA_LINKINFO: try readInformation(attribute)
    default: break
    }
  }

  private mutating func readProperties(_ list: borrowing Attribute) throws(MalformedMessage) {
    var properties = list.nested
    while let property = try properties.next() {
      if property.type == IFLA_ALT_IFNAME { alternativeNames.append(property.text) }
    }
  }

  private mutating func readInformation(_ information: borrowing Attribute) throws(MalformedMessage) {
    var portKind: String?
    var attributes = information.nested
    // The kernel names a kind before it sends the settings of it.
    while let attribute = try attributes.next() {
      switch attribute.type {
      case IFLA_INFO_KIND: kind = attribute.text
      case IFLA_INFO_SLAVE_KIND: portKind = attribute.text
      case IFLA_INFO_DATA where kind == "bridge": bridge = try BridgeSettings(attribute)
      case IFLA_INFO_SLAVE_DATA where portKind == "bridge": bridgePort = try BridgePortSettings(attribute)
      default: break
      }
    }
  }
}

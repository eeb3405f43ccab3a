internal import CLinux
internal import Netlink
internal import NetworkAddresses

// What is in a message about a flow. Numbers are in network order.

extension Flow {
  /// Reads a message of the type `IPCTNL_MSG_CT_NEW`; nil for a flow without ports, or of another family.
  init?(_ message: borrowing Message) throws(MalformedMessage) {
    var original: (tuple: FlowTuple, transport: UInt8)?
    var reply: (tuple: FlowTuple, transport: UInt8)?
    var originalAttribute: [UInt8] = []
    var id: UInt32?
    var zone: UInt16 = 0
    var attributes = try message.attributes(after: nfgenmsg.self)
    while let attribute = try attributes.next() {
      switch UInt32(attribute.type) {
      case CTA_TUPLE_ORIG.rawValue:
        original = try Self.tuple(attribute)
        originalAttribute = attribute.bytes
      case CTA_TUPLE_REPLY.rawValue: reply = try Self.tuple(attribute)
      case CTA_ID.rawValue: id = UInt32(bigEndian: try attribute.integer())
      case CTA_ZONE.rawValue: zone = UInt16(bigEndian: try attribute.integer())
      default: break
      }
    }
    guard let original, let reply else { return nil }
    guard let id else { throw MalformedMessage("flow without a number") }
    self.init(
      transport: original.transport, original: original.tuple, reply: reply.tuple, id: id, zone: zone,
      originalAttribute: originalAttribute)
  }

  /// Reads a tuple; nil for one without ports, or of another family.
  private static func tuple(_ attribute: borrowing Attribute) throws(MalformedMessage)
    -> (tuple: FlowTuple, transport: UInt8)?
  {
    var (source, destination): (IPAddress?, IPAddress?)
    var (transport, sourcePort, destinationPort): (UInt8?, UInt16?, UInt16?)
    var parts = attribute.nested
    while let part = try parts.next() {
      var fields = part.nested
      switch UInt32(part.type) {
      case CTA_TUPLE_IP.rawValue:
        while let field = try fields.next() {
          switch UInt32(field.type) {
          case CTA_IP_V4_SRC.rawValue, CTA_IP_V6_SRC.rawValue: source = IPAddress(bytes: field.bytes)
          case CTA_IP_V4_DST.rawValue, CTA_IP_V6_DST.rawValue: destination = IPAddress(bytes: field.bytes)
          default: break
          }
        }
      case CTA_TUPLE_PROTO.rawValue:
        while let field = try fields.next() {
          switch UInt32(field.type) {
          case CTA_PROTO_NUM.rawValue: transport = try field.integer()
          case CTA_PROTO_SRC_PORT.rawValue: sourcePort = UInt16(bigEndian: try field.integer())
          case CTA_PROTO_DST_PORT.rawValue: destinationPort = UInt16(bigEndian: try field.integer())
          default: break
          }
        }
      default: break
      }
    }
    guard let source, let destination, let transport, let sourcePort, let destinationPort else { return nil }
    let tuple = FlowTuple(
      source: source, sourcePort: sourcePort, destination: destination, destinationPort: destinationPort)
    return (tuple, transport)
  }
}

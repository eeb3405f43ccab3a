public import NetworkAddresses

/// A connection that the kernel follows: what its packets look like in either direction, address translation included.
///
/// Flows of a protocol without ports (ICMP, GRE) are nobody's mapping and have no value here.
public struct Flow: Hashable, Sendable {
  /// The number of the transport protocol: 6 for TCP, 17 for UDP, 132 for SCTP.
  public let transport: UInt8

  /// The first packet, as it was before any translation.
  public let original: FlowTuple

  /// An answer, as it is before it is translated back: its source is whoever the packets were sent on to.
  public let reply: FlowTuple

  /// The number by which the kernel tells the flow from a later one of the same tuples (`CTA_ID`).
  public let id: UInt32

  /// The part of the table that it is in (`CTA_ZONE`): 0 unless somebody divides it.
  public let zone: UInt16

  /// The attribute `CTA_TUPLE_ORIG` as the kernel sent it, so that a request names the flow with everything that belongs
  /// to it.
  let originalAttribute: [UInt8]

  init(
    transport: UInt8, original: FlowTuple, reply: FlowTuple, id: UInt32, zone: UInt16 = 0, originalAttribute: [UInt8]
  ) {
    self.transport = transport
    self.original = original
    self.reply = reply
    self.id = id
    self.zone = zone
    self.originalAttribute = originalAttribute
  }
}

/// One direction of a flow: who sends to whom.
public struct FlowTuple: Hashable, Sendable, CustomStringConvertible {
  /// The address that packets come from.
  public let source: IPAddress
  /// The port that packets come from.
  public let sourcePort: UInt16
  /// The address that packets go to.
  public let destination: IPAddress
  /// The port that packets go to.
  public let destinationPort: UInt16

  public init(source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16) {
    self.source = source
    self.sourcePort = sourcePort
    self.destination = destination
    self.destinationPort = destinationPort
  }

  /// `10.1.0.7 port 40000 to 192.0.2.1 port 8080`.
  public var description: String {
    "\(source) port \(sourcePort) to \(destination) port \(destinationPort)"
  }
}

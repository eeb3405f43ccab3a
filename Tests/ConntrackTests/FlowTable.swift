import CLinux
@testable import Conntrack
import LinuxSystem
import Netlink
import NetworkAddresses
import NetworkNamespaces
import TestSupport
import Testing

/// A namespace whose table of flows is filled by a test.
struct FlowTable: ~Copyable {
  let namespace: TestNamespace
  let conntrack: ConntrackSocket
  private let socket: NetlinkSocket

  init() throws {
    let namespace = try TestNamespace()
    let conntrack = try ConntrackSocket(in: namespace.namespace)
    socket = try NetlinkSocket(.netfilter, in: namespace.namespace)
    self.conntrack = conntrack
    self.namespace = namespace
  }

  /// Everything that is in the table, whatever is asked for.
  func flows() throws -> [Flow] {
    try flows(in: .ipv4) + flows(in: .ipv6)
  }

  /// What the kernel sends for a request, before anybody looks at it again.
  func answer(to request: NetlinkRequest) throws -> [Flow] {
    try socket.dump(request) { (message) throws(MalformedMessage) in try Flow(message) }
  }

  /// Puts flows into the table, as if their first packets had just passed.
  func add(_ flows: [MadeFlow]) throws {
    try socket.perform(flows.map(\.request))
  }

  /// Sends a message about a flow as it is.
  func perform(_ request: NetlinkRequest) throws(NetlinkError) { try socket.perform([request]) }

  private func flows(in family: AddressFamily) throws -> [Flow] {
    let message = MessageBuilder(
      MessageType(conntrack: IPCTNL_MSG_CT_GET.rawValue), .dump, nfgenmsg.conntrack(family))
    return try answer(to: NetlinkRequest(message, "list all flows"))
  }
}

/// A flow for a test to make.
struct MadeFlow: CustomTestStringConvertible {
  var transport: UInt8
  var original: FlowTuple
  var reply: FlowTuple
  var zone: UInt16 = 0

  /// A flow to a port of the host that somebody behind it answers: `("10.9.0.1", "192.0.2.1", 8053, "10.1.0.2", 53)`.
  init(
    _ transport: UInt8, from client: String, _ clientPort: UInt16 = 40000, to host: String, _ hostPort: UInt16,
    answeredBy container: String, _ containerPort: UInt16
  ) throws {
    let client = try #require(IPAddress(client))
    let container = try #require(IPAddress(container))
    self.transport = transport
    original = FlowTuple(
      source: client, sourcePort: clientPort, destination: try #require(IPAddress(host)), destinationPort: hostPort)
    reply = FlowTuple(
      source: container, sourcePort: containerPort, destination: client, destinationPort: clientPort)
  }

  var testDescription: String { "\(transport) \(original), \(reply)" }

  func isSame(as flow: Flow) -> Bool {
    flow.transport == transport && flow.original == original && flow.reply == reply && flow.zone == zone
  }

  var request: NetlinkRequest {
    var message = MessageBuilder(
      MessageType(conntrack: IPCTNL_MSG_CT_NEW.rawValue), [.create, .exclusive, .acknowledge],
      nfgenmsg.conntrack(original.source.family))
    append(CTA_TUPLE_ORIG, original, to: &message)
    append(CTA_TUPLE_REPLY, reply, to: &message)
    message.append(Int(CTA_TIMEOUT.rawValue), UInt32(600).bigEndian)
    if zone != 0 { message.append(Int(CTA_ZONE.rawValue), zone.bigEndian) }
    return NetlinkRequest(message, "add flow")
  }

  private func append(_ type: ctattr_type, _ tuple: FlowTuple, to message: inout MessageBuilder) {
    let isV4 = tuple.source.family == .ipv4
    message.nest(Int(type.rawValue)) { message in
      message.nest(Int(CTA_TUPLE_IP.rawValue)) { message in
        message.append(Int((isV4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC).rawValue), bytes: tuple.source.bytes)
        message.append(Int((isV4 ? CTA_IP_V4_DST : CTA_IP_V6_DST).rawValue), bytes: tuple.destination.bytes)
      }
      message.nest(Int(CTA_TUPLE_PROTO.rawValue)) { message in
        message.append(Int(CTA_PROTO_NUM.rawValue), transport)
        message.append(Int(CTA_PROTO_SRC_PORT.rawValue), tuple.sourcePort.bigEndian)
        message.append(Int(CTA_PROTO_DST_PORT.rawValue), tuple.destinationPort.bigEndian)
      }
    }
  }
}

extension nfgenmsg {
  static func conntrack(_ family: AddressFamily) -> nfgenmsg {
    nfgenmsg(nfgen_family: UInt8(family == .ipv4 ? AF_INET : AF_INET6), version: 0, res_id: 0)
  }
}

extension UInt8 {
  static var tcp: UInt8 { 6 }
  static var udp: UInt8 { 17 }
  static var sctp: UInt8 { 132 }
}

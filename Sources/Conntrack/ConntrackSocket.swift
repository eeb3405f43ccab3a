internal import CLinux
public import Netlink
internal import NetworkAddresses
public import NetworkNamespaces
internal import SystemPackage

/// A connection to the kernel's connection tracking (ctnetlink), in one network namespace.
///
///     let conntrack = try ConntrackSocket()
///     let mapping = FlowFilter(to: 8053, family: .ipv4, transport: 17)
///     try conntrack.deleteFlows(matchingAnyOf: [mapping.answered(by: containerAddress, port: 53)])
public struct ConntrackSocket: ~Copyable, Sendable {
  private let socket: NetlinkSocket

  /// How many flows are deleted with one message to the kernel.
  private static let portion = 128

  /// Opens a socket in the network namespace of the calling thread.
  ///
  /// - Parameter timeout: How long one call waits for the kernel's answer.
  public init(timeout: Duration = .seconds(30)) throws(NetlinkError) {
    socket = try NetlinkSocket(.netfilter, timeout: timeout)
  }

  /// Opens a socket in a network namespace. The calling thread is in there for the time of the call only.
  ///
  /// - Parameter timeout: How long one call waits for the kernel's answer.
  public init(in namespace: borrowing NetworkNamespace, timeout: Duration = .seconds(30)) throws(NetlinkError) {
    socket = try NetlinkSocket(.netfilter, in: namespace, timeout: timeout)
  }

  /// The flows that one of some filters means. The filters may be of several families and protocols.
  ///
  /// The kernel is asked once for each family and protocol, for what the filters have in common: of a single filter it
  /// sends just the flows that are meant. Whatever it sends, each flow is compared with the filters here.
  public func flows(matchingAnyOf filters: [FlowFilter]) throws(NetlinkError) -> [Flow] {
    var flows: [Flow] = []
    var questions: [FlowFilter] = []
    for filter in filters {
      if let index = questions.firstIndex(where: { $0.family == filter.family && $0.transport == filter.transport }) {
        questions[index] = questions[index].common(with: filter)
      } else {
        questions.append(filter)
      }
    }
    for question in questions {
      flows += try socket.dump(Self.listRequest(question)) { (message) throws(MalformedMessage) in
        guard let flow = try Flow(message), filters.contains(where: { $0.matches(flow) }) else { return nil }
        return flow
      }
    }
    return flows
  }

  /// Deletes the flows that one of some filters means, and no other. Packets that come later are looked at afresh.
  ///
  /// Each flow is deleted by its tuple and its number, so that one which takes its place in the meantime stays. One that
  /// ends in the meantime is what is wanted.
  ///
  /// - Parameter isWanted: Says of a flow that is meant whether to delete it.
  /// - Returns: How many were deleted.
  /// - Throws: The first error. The kernel has been asked to delete the others nevertheless.
  @discardableResult
  public func deleteFlows(
    matchingAnyOf filters: [FlowFilter], where isWanted: (Flow) -> Bool = { _ in true }
  ) throws(NetlinkError) -> Int {
    var rest = try flows(matchingAnyOf: filters)[...]
    var count = 0
    var failure: NetlinkError?
    while !rest.isEmpty {
      var requests: [NetlinkRequest] = []
      for flow in rest.prefix(Self.portion) where isWanted(flow) { requests.append(Self.deleteRequest(flow)) }
      rest = rest.dropFirst(Self.portion)
      for error in socket.performAll(requests) {
        if error == nil { count += 1 }
        if let error, error.code != .noSuchFileOrDirectory, failure == nil { failure = error }
      }
    }
    if let failure { throw failure }
    return count
  }

  /// The request for what a filter means.
  static func listRequest(_ filter: FlowFilter) -> NetlinkRequest {
    var message = MessageBuilder(
      MessageType(conntrack: IPCTNL_MSG_CT_GET.rawValue), .dump, header(filter.family))
    filter.append(to: &message)
    return NetlinkRequest(message, "list flows of \(filter)")
  }

  /// The request to delete one flow. Without a tuple it would be all of them: there is none without.
  static func deleteRequest(_ flow: Flow) -> NetlinkRequest {
    var message = MessageBuilder(
      MessageType(conntrack: IPCTNL_MSG_CT_DELETE.rawValue), .acknowledge, header(flow.original.source.family))
    message.append(Int(CTA_TUPLE_ORIG.rawValue | UInt32(SWIFTCNI_NLA_F_NESTED)), bytes: flow.originalAttribute)
    message.append(Int(CTA_ID.rawValue), flow.id.bigEndian)
    if flow.zone != 0 { message.append(Int(CTA_ZONE.rawValue), flow.zone.bigEndian) }
    return NetlinkRequest(message, "delete flow from \(flow.original)")
  }

  private static func header(_ family: AddressFamily) -> nfgenmsg {
    nfgenmsg(nfgen_family: UInt8(family == .ipv4 ? AF_INET : AF_INET6), version: UInt8(NFNETLINK_V0), res_id: 0)
  }
}

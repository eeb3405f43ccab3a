internal import CLinux
internal import Netlink
internal import NetworkAddresses

// A filter is two tuples and, for each, which of its fields count (`CTA_FILTER`, since Linux 5.8). An older kernel does not
// know the attribute and sends all flows of the family.

/// Which fields of a tuple count. The constants are `CTA_FILTER_F_*` of the kernel's net/netfilter/nf_internals.h; they are
/// part of the interface, but in no header of it.
private struct TupleFields: OptionSet {
  let rawValue: UInt32

  static let source = TupleFields(rawValue: 1 << 0)
  static let destination = TupleFields(rawValue: 1 << 1)
  static let transport = TupleFields(rawValue: 1 << 3)
  static let sourcePort = TupleFields(rawValue: 1 << 4)
  static let destinationPort = TupleFields(rawValue: 1 << 5)
}

extension FlowFilter {
  /// Appends the filter to a request for flows.
  ///
  /// The kernel sends more than is meant where it compares less: ports it compares for TCP and UDP only, and IPv6
  /// addresses it is not asked about, because it takes those that are equal for different (seen with Linux 6.18).
  func append(to message: inout MessageBuilder) {
    let (destination, answerer) = family == .ipv4 ? (destination, answerer) : (nil, nil)
    var original: TupleFields = .transport
    if destination != nil { original.insert(.destination) }
    if destinationPort != nil { original.insert(.destinationPort) }
    message.nest(Int(CTA_TUPLE_ORIG.rawValue)) { message in
      appendTuple(to: &message, destination, isSource: false, destinationPort)
    }

    var reply: TupleFields = []
    if answerer != nil { reply.insert(.source) }
    if answererPort != nil { reply.formUnion([.transport, .sourcePort]) }
    if !reply.isEmpty {
      message.nest(Int(CTA_TUPLE_REPLY.rawValue)) { message in
        appendTuple(to: &message, answerer, isSource: true, answererPort)
      }
    }

    message.nest(Int(CTA_FILTER.rawValue)) { message in
      message.append(Int(CTA_FILTER_ORIG_FLAGS.rawValue), original.rawValue)
      if !reply.isEmpty { message.append(Int(CTA_FILTER_REPLY_FLAGS.rawValue), reply.rawValue) }
    }
  }

  /// Appends what a tuple has at one of its ends.
  private func appendTuple(to message: inout MessageBuilder, _ address: IPAddress?, isSource: Bool, _ port: UInt16?) {
    if let address {
      let type =
        switch address.family {
        case .ipv4: isSource ? CTA_IP_V4_SRC : CTA_IP_V4_DST
        case .ipv6: isSource ? CTA_IP_V6_SRC : CTA_IP_V6_DST
        }
      message.nest(Int(CTA_TUPLE_IP.rawValue)) { $0.append(Int(type.rawValue), bytes: address.bytes) }
    }
    message.nest(Int(CTA_TUPLE_PROTO.rawValue)) { message in
      message.append(Int(CTA_PROTO_NUM.rawValue), transport)
      if let port {
        message.append(Int((isSource ? CTA_PROTO_SRC_PORT : CTA_PROTO_DST_PORT).rawValue), port.bigEndian)
      }
    }
  }
}

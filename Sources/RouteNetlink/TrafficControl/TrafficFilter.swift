internal import CLinux
internal import Netlink

/// What sorts the packets of a queueing discipline by words of their headers (`u32`). See `tc-u32(8)`.
public struct TrafficFilter: Hashable, Sendable {
  /// 32 bits of a packet that must have a value.
  public struct Match: Hashable, Sendable {
    /// The value, in the machine's byte order.
    public var value: UInt32

    /// The bits that count.
    public var mask: UInt32

    /// Where they are, in bytes from the start of the network header. It is a multiple of four.
    public var offset: Int32

    public init(_ value: UInt32, mask: UInt32, offset: Int32) {
      self.value = value
      self.mask = mask
      self.offset = offset
    }

    /// Every packet matches.
    public static let anything = Match(0, mask: 0, offset: 0)
  }

  /// The kernel's name of the kind, `u32` for those that can be added. Of others nothing is read that is theirs alone.
  public internal(set) var kind = "u32"

  /// The queueing discipline or the class whose packets it sorts.
  public var parent: TrafficHandle

  /// Its rank: filters are asked in ascending order until one matches. Those of one rank are of one kind, and for one
  /// protocol.
  public var preference: UInt16

  /// The protocol of the packets, as Ethernet numbers it: `ETH_P_IP`, `ETH_P_IPV6`, `ETH_P_ALL` for all of them.
  public var protocolNumber: UInt16

  /// Its number among those of its rank; 0 lets the kernel choose.
  public var number: UInt32 = 0

  /// What a packet must be like: all of these. Without any, it matches nothing.
  public var matches: [Match]

  /// The class that its packets get.
  public var classHandle: TrafficHandle?

  /// The index of the link that its packets are sent by instead (`mirred`, `egress redirect`).
  public var redirection: UInt32?

  public init(
    parent: TrafficHandle, preference: UInt16, protocolNumber: UInt16, matches: [Match],
    classHandle: TrafficHandle? = nil, redirection: UInt32? = nil
  ) {
    self.parent = parent
    self.preference = preference
    self.protocolNumber = protocolNumber
    self.matches = matches
    self.classHandle = classHandle
    self.redirection = redirection
  }

  /// `tcm_info`: the rank, and the protocol in network order.
  private var information: UInt32 { UInt32(preference) << 16 | UInt32(protocolNumber.bigEndian) }

  fileprivate func header(link: UInt32) -> tcmsg {
    var header = tcmsg(link: link, handle: TrafficHandle(rawValue: number), parent: parent)
    header.tcm_info = information
    return header
  }
}

// MARK: - Messages

extension TrafficFilter {
  fileprivate func appendAttributes(to message: inout MessageBuilder) {
    message.append(TCA_KIND, text: kind)
    message.nest(TCA_OPTIONS) { message in
      if let classHandle { message.append(TCA_U32_CLASSID, classHandle.rawValue) }
      message.append(TCA_U32_SEL) { message in
        var selector = tc_u32_sel()
        // What matches is not looked at by further filters.
        selector.flags = UInt8(TC_U32_TERMINAL)
        selector.nkeys = UInt8(truncatingIfNeeded: matches.count)
        message.append(structure: selector)
        for match in matches {
          message.append(
            structure: tc_u32_key(
              mask: match.mask.bigEndian, val: match.value.bigEndian, off: match.offset, offmask: 0))
        }
      }
      if let redirection { appendRedirection(to: redirection, &message) }
    }
  }

  private func appendRedirection(to link: UInt32, _ message: inout MessageBuilder) {
    var action = tc_mirred()
    // The packet is the other link's from now on.
    action.action = TC_ACT_STOLEN
    action.eaction = TCA_EGRESS_REDIR
    action.ifindex = link
    message.nest(TCA_U32_ACT) { message in
      // A list, whose elements are numbered from one.
      message.nest(1) { message in
        message.append(TCA_ACT_KIND, text: "mirred")
        message.nest(TCA_ACT_OPTIONS) { $0.append(TCA_MIRRED_PARMS, structure: action) }
      }
    }
  }

  /// Reads a message of the type `RTM_NEWTFILTER`; nil for the tables that filters are kept in.
  init?(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(tcmsg.self)
    if header.tcm_handle == 0 { return nil }
    self.init(
      parent: TrafficHandle(rawValue: header.tcm_parent), preference: UInt16(header.tcm_info >> 16),
      protocolNumber: UInt16(truncatingIfNeeded: header.tcm_info).bigEndian, matches: [])
    number = header.tcm_handle
    var attributes = try message.attributes(after: tcmsg.self)
    while let attribute = try attributes.next() {
      switch attribute.type {
      case TCA_KIND: kind = attribute.text
      case TCA_OPTIONS where kind == "u32": try read(attribute)
      default: break
      }
    }
    if kind == "u32" && matches.isEmpty { return nil }
  }

  private mutating func read(_ options: borrowing Attribute) throws(MalformedMessage) {
    var attributes = options.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case TCA_U32_CLASSID: classHandle = TrafficHandle(rawValue: try attribute.integer())
      case TCA_U32_SEL: try readSelector(attribute.payload)
      case TCA_U32_ACT: try readActions(attribute)
      default: break
      }
    }
  }

  private mutating func readSelector(_ bytes: RawSpan) throws(MalformedMessage) {
    let count = Int(try bytes.load(tc_u32_sel.self).nkeys)
    for index in 0..<count {
      let offset = MemoryLayout<tc_u32_sel>.size + index * MemoryLayout<tc_u32_key>.size
      let key = try bytes.load(tc_u32_key.self, at: offset)
      matches.append(Match(key.val.bigEndian, mask: key.mask.bigEndian, offset: key.off))
    }
  }

  private mutating func readActions(_ list: borrowing Attribute) throws(MalformedMessage) {
    var actions = list.nested
    while let action = try actions.next() {
      var isRedirection = false
      var attributes = action.nested
      while let attribute = try attributes.next() {
        switch attribute.type {
        case TCA_ACT_KIND: isRedirection = attribute.text == "mirred"
        case TCA_ACT_OPTIONS where isRedirection: try readRedirection(attribute)
        default: break
        }
      }
    }
  }

  private mutating func readRedirection(_ options: borrowing Attribute) throws(MalformedMessage) {
    var attributes = options.nested
    while let attribute = try attributes.next() {
      guard attribute.type == TCA_MIRRED_PARMS else { continue }
      let action = try attribute.structure(tc_mirred.self)
      if action.eaction == TCA_EGRESS_REDIR { redirection = action.ifindex }
    }
  }
}

// MARK: - Requests

extension RouteRequest {
  /// Adds a filter. Fails with `EINVAL` where filters of another kind or for another protocol have its rank, and where
  /// there is no such parent.
  ///
  /// The shell equivalent is
  /// `tc filter add dev NAME parent PARENT pref PREFERENCE protocol PROTOCOL u32 match u32 VALUE MASK at OFFSET …`.
  public static func addTrafficFilter(_ filter: TrafficFilter, to link: UInt32) -> RouteRequest {
    var message = MessageBuilder(changing: RTM_NEWTFILTER, filter.header(link: link), [.create, .exclusive])
    filter.appendAttributes(to: &message)
    return RouteRequest(message, "add filter at \(filter.parent) to link with index \(link)")
  }

  /// Deletes a filter as the kernel told it; with the number 0, all of its rank and the rank itself. Fails with `ENOENT`
  /// where there is none.
  ///
  /// The shell equivalent is `tc filter delete dev NAME parent PARENT pref PREFERENCE protocol PROTOCOL handle … u32`.
  public static func deleteTrafficFilter(_ filter: TrafficFilter, of link: UInt32) -> RouteRequest {
    var message = MessageBuilder(changing: RTM_DELTFILTER, filter.header(link: link))
    message.append(TCA_KIND, text: filter.kind)
    return RouteRequest(message, "delete filter at \(filter.parent) of link with index \(link)")
  }
}

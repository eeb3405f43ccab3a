internal import CLinux
internal import Netlink

/// How a port of a bridge works: the `IFLA_BRPORT_*` attributes of <linux/if_link.h>. What is nil stays as it is.
public struct BridgePortSettings: Hashable, Sendable {
  /// Whether a frame may leave through the port that it came in by.
  public var hairpin: Bool?

  /// Whether the port exchanges frames only with ports that are not isolated.
  public var isolated: Bool?

  /// Whether the bridge learns from the port's frames which addresses are behind it.
  public var learning: Bool?

  /// Whether frames to addresses that the bridge does not know leave through the port.
  public var floods: Bool?

  /// Whether the port takes no part in the spanning tree protocol, and is switched off by a packet of it.
  public var guardsSpanningTree: Bool?

  /// What the spanning tree protocol lets the port do; it cannot be set here.
  public internal(set) var state: BridgePortState?

  public init(
    hairpin: Bool? = nil, isolated: Bool? = nil, learning: Bool? = nil, floods: Bool? = nil,
    guardsSpanningTree: Bool? = nil
  ) {
    self.hairpin = hairpin
    self.isolated = isolated
    self.learning = learning
    self.floods = floods
    self.guardsSpanningTree = guardsSpanningTree
  }

  init(_ data: borrowing Attribute) throws(MalformedMessage) {
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case IFLA_BRPORT_MODE: hairpin = try attribute.integer(as: UInt8.self) != 0
      case IFLA_BRPORT_ISOLATED: isolated = try attribute.integer(as: UInt8.self) != 0
      case IFLA_BRPORT_LEARNING: learning = try attribute.integer(as: UInt8.self) != 0
      case IFLA_BRPORT_UNICAST_FLOOD: floods = try attribute.integer(as: UInt8.self) != 0
      case IFLA_BRPORT_GUARD: guardsSpanningTree = try attribute.integer(as: UInt8.self) != 0
      case IFLA_BRPORT_STATE: state = BridgePortState(rawValue: try attribute.integer())
      default: break
      }
    }
  }

  fileprivate func append(to message: inout MessageBuilder) {
    if let hairpin { message.append(IFLA_BRPORT_MODE, UInt8(hairpin ? 1 : 0)) }
    if let isolated { message.append(IFLA_BRPORT_ISOLATED, UInt8(isolated ? 1 : 0)) }
    if let learning { message.append(IFLA_BRPORT_LEARNING, UInt8(learning ? 1 : 0)) }
    if let floods { message.append(IFLA_BRPORT_UNICAST_FLOOD, UInt8(floods ? 1 : 0)) }
    if let guardsSpanningTree { message.append(IFLA_BRPORT_GUARD, UInt8(guardsSpanningTree ? 1 : 0)) }
  }
}

/// What the spanning tree protocol lets a port do: the `BR_STATE_*` constants of <linux/if_bridge.h>.
public struct BridgePortState: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The corresponding C constant is `BR_STATE_DISABLED`.
  public static let disabled = BridgePortState(rawValue: UInt8(BR_STATE_DISABLED))

  /// The corresponding C constant is `BR_STATE_LISTENING`.
  public static let listening = BridgePortState(rawValue: UInt8(BR_STATE_LISTENING))

  /// The corresponding C constant is `BR_STATE_LEARNING`.
  public static let learning = BridgePortState(rawValue: UInt8(BR_STATE_LEARNING))

  /// The corresponding C constant is `BR_STATE_FORWARDING`.
  public static let forwarding = BridgePortState(rawValue: UInt8(BR_STATE_FORWARDING))

  /// The corresponding C constant is `BR_STATE_BLOCKING`.
  public static let blocking = BridgePortState(rawValue: UInt8(BR_STATE_BLOCKING))
}

extension RouteRequest {
  /// Changes how a port of a bridge works. The link must be a port already: the kernel looks for that before it does
  /// anything else, so this cannot be part of the message that makes it one.
  ///
  /// The shell equivalent is `ip link set NAME type bridge_slave hairpin on`.
  public static func setBridgePort(_ link: LinkReference, _ settings: BridgePortSettings) -> RouteRequest {
    var header = ifinfomsg()
    header.ifi_index = link.index
    var message = MessageBuilder(changing: RTM_NEWLINK, header)
    link.append(to: &message)
    message.nest(IFLA_LINKINFO) { message in
      message.append(IFLA_INFO_SLAVE_KIND, text: "bridge")
      message.nest(IFLA_INFO_SLAVE_DATA) { message in settings.append(to: &message) }
    }
    return RouteRequest(message, "set bridge port \(link)")
  }
}

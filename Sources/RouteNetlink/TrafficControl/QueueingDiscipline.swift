internal import CLinux
internal import Netlink

/// What decides when the packets of a link, or of a class, are sent: a "qdisc". See `tc(8)`.
public struct QueueingDiscipline: Hashable, Sendable {
  /// What it does.
  public enum Kind: Hashable, Sendable {
    /// Sends at a rate (`tbf`).
    case tokenBucket(TokenBucket)
    /// Has classes that send at a rate each (`htb`).
    case hierarchicalTokenBucket(HierarchicalTokenBucket)
    /// Sends in the order of arrival; so many bytes may wait (`bfifo`).
    case byteQueue(limit: UInt32)
    /// Holds nothing, and has the filters for packets that come in (`ingress`).
    case ingress
    /// Any other, by its name: `noqueue`, `clsact`, `fq_codel`. It is made with the kernel's own settings.
    case other(String)

    /// The kernel's name.
    public var name: String {
      switch self {
      case .tokenBucket: "tbf"
      case .hierarchicalTokenBucket: "htb"
      case .byteQueue: "bfifo"
      case .ingress: "ingress"
      case .other(let name): name
      }
    }
  }

  /// What it does, with its settings.
  public var kind: Kind

  /// Its number on the link.
  public var handle: TrafficHandle

  /// Where it stands: ``TrafficHandle/root``, ``TrafficHandle/ingress``, or the class whose packets wait in it.
  public var parent: TrafficHandle

  public init(_ kind: Kind, handle: TrafficHandle = .unspecified, parent: TrafficHandle = .root) {
    self.kind = kind
    self.handle = handle
    self.parent = parent
  }

  /// The discipline at ``TrafficHandle/ingress``, to which filters are added.
  public static let ingress = QueueingDiscipline(.ingress, handle: .ingressDiscipline, parent: .ingress)
}

// MARK: - Messages

extension QueueingDiscipline {
  /// Reads a message of the type `RTM_NEWQDISC`.
  ///
  /// - Returns: nil for one of another link.
  init?(_ message: borrowing Message, of link: UInt32) throws(MalformedMessage) {
    let header = try message.header(tcmsg.self)
    guard UInt32(truncatingIfNeeded: header.tcm_ifindex) == link else { return nil }
    self.init(
      .other(""), handle: TrafficHandle(rawValue: header.tcm_handle), parent: TrafficHandle(rawValue: header.tcm_parent)
    )
    var attributes = try message.attributes(after: tcmsg.self)
    // The kernel names the kind before it sends the settings of it.
    while let attribute = try attributes.next() {
      switch attribute.type {
      case TCA_KIND: kind = attribute.text == "ingress" ? .ingress : .other(attribute.text)
      case TCA_OPTIONS: try kind.read(attribute)
      default: break
      }
    }
  }

  func appendAttributes(to message: inout MessageBuilder) {
    message.append(TCA_KIND, text: kind.name)
    switch kind {
    case .tokenBucket(let settings): message.nest(TCA_OPTIONS) { settings.append(to: &$0) }
    case .hierarchicalTokenBucket(let settings): message.nest(TCA_OPTIONS) { settings.append(to: &$0) }
    // The options of this one are a structure, and not attributes.
    case .byteQueue(let limit): message.append(TCA_OPTIONS, structure: tc_fifo_qopt(limit: limit))
    case .ingress, .other: break
    }
  }
}

extension QueueingDiscipline.Kind {
  fileprivate mutating func read(_ options: borrowing Attribute) throws(MalformedMessage) {
    switch name {
    case "tbf": if let settings = try TokenBucket(options) { self = .tokenBucket(settings) }
    case "htb": if let settings = try HierarchicalTokenBucket(options) { self = .hierarchicalTokenBucket(settings) }
    case "bfifo": self = .byteQueue(limit: try options.structure(tc_fifo_qopt.self).limit)
    default: break
    }
  }
}

extension tcmsg {
  /// What every message about traffic control begins with.
  init(link: UInt32, handle: TrafficHandle = .unspecified, parent: TrafficHandle) {
    self.init()
    tcm_family = UInt8(AF_UNSPEC)
    tcm_ifindex = CInt(truncatingIfNeeded: link)
    tcm_handle = handle.rawValue
    tcm_parent = parent.rawValue
  }
}

// MARK: - Requests

extension RouteRequest {
  /// Adds a queueing discipline to a link. Fails with `EEXIST` where somebody has put one there.
  ///
  /// The shell equivalent is `tc qdisc add dev NAME PARENT handle HANDLE KIND …`.
  public static func addQueueingDiscipline(_ discipline: QueueingDiscipline, to link: UInt32) -> RouteRequest {
    let header = tcmsg(link: link, handle: discipline.handle, parent: discipline.parent)
    var message = MessageBuilder(changing: RTM_NEWQDISC, header, [.create, .exclusive])
    discipline.appendAttributes(to: &message)
    return RouteRequest(message, "add \(discipline.kind.name) at \(discipline.parent) to link with index \(link)")
  }

  /// Deletes the queueing discipline at a place, and what stands on it. Fails with `ENOENT` where nobody has put one
  /// there.
  ///
  /// The shell equivalent is `tc qdisc delete dev NAME PARENT`.
  public static func deleteQueueingDiscipline(at parent: TrafficHandle, of link: UInt32) -> RouteRequest {
    // The kernel refuses to delete by the place alone what comes in.
    let handle: TrafficHandle = parent == .ingress ? .ingressDiscipline : .unspecified
    let message = MessageBuilder(changing: RTM_DELQDISC, tcmsg(link: link, handle: handle, parent: parent))
    return RouteRequest(message, "delete queueing discipline at \(parent) of link with index \(link)")
  }
}

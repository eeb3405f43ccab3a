internal import CLinux
internal import Netlink

/// A class of the queueing discipline `htb`: packets that share a rate. See `tc-htb(8)`.
public struct TrafficClass: Hashable, Sendable {
  /// Its number; the major part is that of the discipline.
  public var handle: TrafficHandle

  /// The discipline, or the class that it is a part of. The kernel tells ``TrafficHandle/root`` for a discipline's own.
  public var parent: TrafficHandle

  /// Bytes per second that it may send, and never more.
  public var rate: UInt64

  /// How far it may run ahead of its rate after a rest: the time in which the tokens for that come back.
  public var buffer: TrafficTicks

  /// How many bytes it sends before it is another class's turn; nil leaves it to the kernel.
  public var quantum: UInt32?

  public init(
    _ handle: TrafficHandle, of parent: TrafficHandle, rate: UInt64, buffer: TrafficTicks, quantum: UInt32? = nil
  ) {
    self.handle = handle
    self.parent = parent
    self.rate = rate
    self.buffer = buffer
    self.quantum = quantum
  }
}

extension TrafficClass {
  /// Reads a message of the type `RTM_NEWTCLASS`; nil for a class of another kind.
  init?(_ message: borrowing Message) throws(MalformedMessage) {
    let header = try message.header(tcmsg.self)
    var attributes = try message.attributes(after: tcmsg.self)
    while let attribute = try attributes.next() {
      switch attribute.type {
      case TCA_KIND: if attribute.text != "htb" { return nil }
      case TCA_OPTIONS:
        self.init(
          TrafficHandle(rawValue: header.tcm_handle), of: TrafficHandle(rawValue: header.tcm_parent), rate: 0,
          buffer: TrafficTicks(rawValue: 0))
        try read(attribute)
        return
      default: break
      }
    }
    return nil
  }

  private mutating func read(_ options: borrowing Attribute) throws(MalformedMessage) {
    var largeRate: UInt64?
    var attributes = options.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case TCA_HTB_PARMS:
        let parameters = try attribute.structure(tc_htb_opt.self)
        rate = UInt64(parameters.rate.rate)
        buffer = TrafficTicks(rawValue: parameters.buffer)
        quantum = parameters.quantum
      case TCA_HTB_RATE64: largeRate = try attribute.integer()
      default: break
      }
    }
    if let largeRate { rate = largeRate }
  }

  fileprivate func append(to message: inout MessageBuilder) {
    var parameters = tc_htb_opt()
    parameters.rate = tc_ratespec(bytesPerSecond: rate)
    parameters.ceil = parameters.rate
    parameters.buffer = buffer.rawValue
    parameters.cbuffer = buffer.rawValue
    parameters.quantum = quantum ?? 0
    message.append(TCA_HTB_PARMS, structure: parameters)
    if rate > UInt32.max {
      message.append(TCA_HTB_RATE64, rate)
      message.append(TCA_HTB_CEIL64, rate)
    }
  }
}

extension RouteRequest {
  /// Adds a class to a queueing discipline `htb`. Fails with `EEXIST` where there is one of this number.
  ///
  /// The shell equivalent is `tc class add dev NAME parent PARENT classid HANDLE htb rate RATE …`.
  public static func addTrafficClass(_ trafficClass: TrafficClass, to link: UInt32) -> RouteRequest {
    let header = tcmsg(link: link, handle: trafficClass.handle, parent: trafficClass.parent)
    var message = MessageBuilder(changing: RTM_NEWTCLASS, header, [.create, .exclusive])
    message.append(TCA_KIND, text: "htb")
    message.nest(TCA_OPTIONS) { trafficClass.append(to: &$0) }
    return RouteRequest(message, "add class \(trafficClass.handle) to link with index \(link)")
  }
}

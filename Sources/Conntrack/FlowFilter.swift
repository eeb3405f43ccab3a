public import NetworkAddresses

/// Which flows are meant: those of one port, and nothing wider. There is no filter that lets everything through.
public struct FlowFilter: Hashable, Sendable {
  /// The version of the internet protocol.
  let family: AddressFamily
  /// The number of the transport protocol.
  let transport: UInt8
  /// Where the first packet went to, before any translation. What is nil does not matter, here and below.
  private(set) var destination: IPAddress?
  private(set) var destinationPort: UInt16?
  /// Who answers, before the answer is translated back.
  private(set) var answerer: IPAddress?
  private(set) var answererPort: UInt16?

  /// The flows to a port, whoever answers.
  ///
  /// - Parameters:
  ///   - port: The port that the first packet went to, before any translation.
  ///   - address: The address that it went to; nil for any of the family, those of other machines too.
  ///   - transport: The number of the protocol: 6 for TCP, 17 for UDP, 132 for SCTP.
  public init(to port: UInt16, at address: IPAddress? = nil, family: AddressFamily, transport: UInt8) {
    self.family = family
    self.transport = transport
    destination = address
    destinationPort = port
  }

  /// The flows that somebody answers, through whichever port they came.
  ///
  /// - Parameters:
  ///   - address: Who answers: where packets arrive after their destination was translated.
  ///   - port: The port there.
  ///   - transport: The number of the protocol.
  public init(answeredBy address: IPAddress, port: UInt16, transport: UInt8) {
    family = address.family
    self.transport = transport
    answerer = address
    answererPort = port
  }

  /// The flows to a port that are answered by somebody.
  public func answered(by address: IPAddress, port: UInt16) -> FlowFilter {
    var filter = self
    filter.answerer = address
    filter.answererPort = port
    return filter
  }

  /// Whether a flow is meant.
  public func matches(_ flow: Flow) -> Bool {
    flow.transport == transport
      && flow.original.destination.family == family
      && (destination == nil || flow.original.destination == destination)
      && (destinationPort == nil || flow.original.destinationPort == destinationPort)
      && (answerer == nil || flow.reply.source == answerer)
      && (answererPort == nil || flow.reply.sourcePort == answererPort)
  }

  /// What two filters of one family and protocol have in common: it lets through what either of them does, and more. It
  /// is for asking the kernel, never for deleting.
  func common(with other: FlowFilter) -> FlowFilter {
    var common = self
    if destination != other.destination { common.destination = nil }
    if destinationPort != other.destinationPort { common.destinationPort = nil }
    if answerer != other.answerer { common.answerer = nil }
    if answererPort != other.answererPort { common.answererPort = nil }
    return common
  }
}

extension FlowFilter: CustomStringConvertible {
  /// `protocol 17 to 192.0.2.7 port 53 answered by 10.1.0.2 port 53`.
  public var description: String {
    var text = "protocol \(transport)"
    if destination != nil || destinationPort != nil { text += " to" + Self.text(destination, destinationPort) }
    if answerer != nil || answererPort != nil { text += " answered by" + Self.text(answerer, answererPort) }
    return text
  }

  private static func text(_ address: IPAddress?, _ port: UInt16?) -> String {
    (address.map { " \($0)" } ?? "") + (port.map { " port \($0)" } ?? "")
  }
}

internal import CLinux
internal import Netlink

/// The settings of the queueing discipline `tbf`, which sends at a rate, and faster while tokens are left in its bucket.
/// See `tc-tbf(8)`.
public struct TokenBucket: Hashable, Sendable {
  /// Bytes per second. The kernel refuses 0.
  public var rate: UInt64

  /// How many bytes may wait to be sent; what comes on top is dropped.
  public var limit: UInt32

  /// The size of the bucket: the time in which it fills up at the rate.
  public var buffer: TrafficTicks

  public init(rate: UInt64, limit: UInt32, buffer: TrafficTicks) {
    self.rate = rate
    self.limit = limit
    self.buffer = buffer
  }

  /// Reads the options of a discipline.
  init?(_ options: borrowing Attribute) throws(MalformedMessage) {
    self.init(rate: 0, limit: 0, buffer: TrafficTicks(rawValue: 0))
    var found = false
    var largeRate: UInt64?
    var attributes = options.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case TCA_TBF_PARMS:
        let parameters = try attribute.structure(tc_tbf_qopt.self)
        rate = UInt64(parameters.rate.rate)
        limit = parameters.limit
        buffer = TrafficTicks(rawValue: parameters.buffer)
        found = true
      case TCA_TBF_RATE64: largeRate = try attribute.integer()
      default: break
      }
    }
    if let largeRate { rate = largeRate }
    if !found { return nil }
  }

  func append(to message: inout MessageBuilder) {
    var parameters = tc_tbf_qopt()
    parameters.rate = tc_ratespec(bytesPerSecond: rate)
    parameters.limit = limit
    parameters.buffer = buffer.rawValue
    message.append(TCA_TBF_PARMS, structure: parameters)
    if rate > UInt32.max { message.append(TCA_TBF_RATE64, rate) }
  }
}

/// A time as queueing disciplines tell it, in ticks of 64 ns. It ends at 275 seconds.
///
/// The length of a tick is the third and second number of `/proc/net/psched`, and the same since Linux 2.6.31
/// (`PSCHED_SHIFT`).
public struct TrafficTicks: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A time in microseconds, or the longest there is where it is longer than that.
  public init(clampingMicroseconds time: UInt64) {
    let (product, overflow) = time.multipliedReportingOverflow(by: 125)
    rawValue = overflow ? .max : UInt32(clamping: product / 8)
  }
}

extension tc_ratespec {
  /// A rate for packets of any size, as long as they are. A larger one than fits is sent beside it, in 64 bits.
  init(bytesPerSecond rate: UInt64) {
    self.init()
    self.rate = UInt32(clamping: rate)
    // The kernel computes with the rate alone. Unless told so, it wants a table of times by sizes, as it did long ago.
    linklayer = UInt8(TC_LINKLAYER_ETHERNET.rawValue)
  }
}

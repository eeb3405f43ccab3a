internal import LinuxSystem
public import NetworkNamespaces
internal import SystemPackage

/// What the kernel tells everybody who listens: links that come and go, addresses, routes.
///
/// It is a socket of its own, because the notification of a change carries the number of the request that caused it.
public struct NetlinkSubscription: ~Copyable {
  private let descriptor: NetlinkDescriptor
  private var buffer: ReceiveBuffer

  /// The part of the buffer that has not been given out yet.
  private var unread = 0..<0

  /// Listens in the network namespace of the calling thread.
  ///
  /// - Parameter groups: The multicast groups: `RTNLGRP_*` of <linux/rtnetlink.h>.
  public init(_ netlinkProtocol: NetlinkProtocol = .route, groups: [UInt32]) throws(NetlinkError) {
    self.init(try Self.listen(netlinkProtocol, groups))
  }

  /// Listens in a network namespace. The calling thread is in there for the time of the call only.
  ///
  /// - Parameter groups: The multicast groups: `RTNLGRP_*` of <linux/rtnetlink.h>.
  public init(
    _ netlinkProtocol: NetlinkProtocol = .route, groups: [UInt32], in namespace: borrowing NetworkNamespace
  ) throws(NetlinkError) {
    self.init(try namespace.run { () throws(NetlinkError) in try Self.listen(netlinkProtocol, groups) })
  }

  private init(_ descriptor: consuming NetlinkDescriptor) {
    self.descriptor = descriptor
    buffer = ReceiveBuffer(byteCount: NetlinkDescriptor.receiveBufferSize)
  }

  private static func listen(_ netlinkProtocol: NetlinkProtocol, _ groups: [UInt32]) throws(NetlinkError)
    -> NetlinkDescriptor
  {
    do throws(SystemError) {
      let descriptor = try NetlinkDescriptor(netlinkProtocol)
      try descriptor.bind()
      for group in groups { try descriptor.join(group: group) }
      return descriptor
    } catch {
      throw NetlinkError(error, during: "listen to netlink")
    }
  }

  /// Waits for a notification that the caller is interested in. Nothing that was sent since the subscription began is
  /// missed.
  ///
  /// - Parameters:
  ///   - duration: How long to wait in all.
  ///   - decode: Makes a value of a notification, where it lies; nil to pass it over.
  /// - Returns: What `decode` made; nil when the time is over.
  /// - Throws: `ENOBUFS` when notifications were lost, because they came faster than they were read: then ask for the
  ///   state of things and listen on.
  public mutating func next<Value>(
    within duration: Duration, decode: (borrowing Message) throws(MalformedMessage) -> Value?
  ) throws(NetlinkError) -> Value? {
    let deadline = Deadline(after: duration)
    while true {
      do throws(MalformedMessage) {
        if let value = try nextUnread(decode) { return value }
      } catch {
        throw NetlinkError(error, during: "listen to netlink")
      }
      do throws(SystemError) {
        let length = try descriptor.receive(into: &buffer, until: deadline)
        unread = 0..<length
      } catch {
        if error.code == .timedOut { return nil }
        throw NetlinkError(error, during: "listen to netlink")
      }
    }
  }

  private mutating func nextUnread<Value>(
    _ decode: (borrowing Message) throws(MalformedMessage) -> Value?
  ) throws(MalformedMessage) -> Value? {
    let datagram = unread
    var readUpTo = datagram.upperBound
    // Whatever is wrong with one datagram, the next call begins with another.
    defer { unread = min(readUpTo, datagram.upperBound)..<datagram.upperBound }
    var messages = MessageCursor(buffer.bytes(0..<datagram.upperBound), from: datagram.lowerBound)
    while let message = try messages.next() {
      if let value = try decode(message) {
        readUpTo = messages.offset
        return value
      }
    }
    return nil
  }
}

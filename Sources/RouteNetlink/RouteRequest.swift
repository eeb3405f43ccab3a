internal import CLinux
package import Netlink

/// Something to change about links, addresses, routes or neighbours, as a value: it can be kept, printed and sent more
/// than once. See ``RouteSocket/perform(_:)-([RouteRequest])``.
public struct RouteRequest: Sendable, CustomStringConvertible {
  /// The message and its description, as the socket takes them.
  package let request: NetlinkRequest

  /// What it does, in a person's words: `add veth "eth0"`. Errors begin with it.
  public var description: String { request.description }

  init(_ message: consuming MessageBuilder, _ description: @autoclosure @escaping @Sendable () -> String) {
    request = NetlinkRequest(message, description())
  }
}

extension MessageBuilder {
  /// Begins a request that is to be acknowledged.
  init<Header: WireValue>(changing type: Int, _ header: Header, _ flags: MessageFlags = []) {
    self.init(MessageType(type), flags.union(.acknowledge), header)
  }
}

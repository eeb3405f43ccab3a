public import Netlink
public import NetworkNamespaces
public import SystemPackage

/// A connection to the part of the kernel that keeps links, addresses, routes and neighbours (rtnetlink).
///
/// It belongs to the namespace in which it was opened, from wherever it is used.
///
///     let container = try RouteSocket(in: namespace)
///     try container.perform([
///       .addAddress(LinkAddress(cidr), to: link.index),
///       .setLink(.index(link.index), LinkChanges(isUp: true)),
///     ])
public struct RouteSocket: ~Copyable, Sendable {
  let socket: NetlinkSocket

  /// Opens a socket in the network namespace of the calling thread.
  ///
  /// - Parameter timeout: How long one call waits for the kernel's answer.
  public init(timeout: Duration = .seconds(30)) throws(NetlinkError) {
    socket = try NetlinkSocket(.route, timeout: timeout)
  }

  /// Opens a socket in a network namespace. The calling thread is in there for the time of the call only.
  ///
  /// - Parameter timeout: How long one call waits for the kernel's answer.
  public init(in namespace: borrowing NetworkNamespace, timeout: Duration = .seconds(30)) throws(NetlinkError) {
    socket = try NetlinkSocket(.route, in: namespace, timeout: timeout)
  }

  /// Performs requests, all in one message to the kernel.
  ///
  /// They are performed in order, and **the kernel goes on after one that it refuses**.
  ///
  /// - Throws: The error of the first request, in their order, that was refused.
  public func perform(_ requests: [RouteRequest]) throws(NetlinkError) {
    try socket.perform(requests.map(\.request))
  }

  /// Performs requests, all in one message to the kernel.
  ///
  /// - Returns: The error of each request, in their order; nil for success.
  public func performAll(_ requests: [RouteRequest]) -> [NetlinkError?] {
    socket.performAll(requests.map(\.request))
  }

  /// Performs a request, where some errors are as good as success: what is to be deleted may be gone.
  ///
  /// - Returns: Whether it was performed; false for a tolerated error.
  @discardableResult
  public func perform(_ request: RouteRequest, tolerating tolerated: [Errno] = []) throws(NetlinkError) -> Bool {
    do throws(NetlinkError) {
      try socket.perform([request.request])
      return true
    } catch {
      if tolerated.contains(error.code) { return false }
      throw error
    }
  }
}

internal import CNI
internal import Netlink
internal import RouteNetlink
internal import SystemPackage

/// Whether the kernel has what the plugin needs.
enum KernelSupport {
  /// Asks for an `ifb` and a `tbf` that cannot be: with more queues than a link may have, and without a rate. The kernel
  /// refuses both in any case, and says whether it knows the kind at all. Nothing is changed.
  ///
  /// - Throws: Code 50.
  static func check() throws(PluginError) {
    let host = try netlink { () throws(NetlinkError) in try RouteSocket() }
    let loopback: UInt32 = 1
    let outcomes = host.performAll([
      .addLink(LinkSpecification(name: "bwp0", kind: .intermediateFunctionalBlock, transmitQueues: 1 << 16)),
      .addQueueingDiscipline(QueueingDiscipline(.other("tbf")), to: loopback),
    ])
    for case let error? in outcomes {
      switch error.code {
      case .notSupported, .noSuchFileOrDirectory, .notPermitted:
        throw PluginError(.unavailable, "cannot limit bandwidth: \(error)")
      default: break
      }
    }
  }
}

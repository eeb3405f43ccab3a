internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkNamespaces
internal import RouteNetlink

/// The two sides of an attachment: a netlink socket in the host's namespace and one in the container's.
///
/// A netlink socket stays in the namespace in which it was made, so the two are opened once and everything afterwards
/// is said to the side that it is about, without entering a namespace again.
struct AttachmentNamespaces: ~Copyable {
  /// The container's network namespace.
  let namespace: NetworkNamespace

  /// The links, addresses and routes of the host.
  let host: RouteSocket

  /// The links, addresses and routes of the container.
  let container: RouteSocket

  /// Opens the namespace that the call names, and a socket on each side.
  static func open(for call: Call) throws(PluginError) -> AttachmentNamespaces {
    let namespace = try openNamespace(of: call)
    let host = try netlink { () throws(NetlinkError) in try RouteSocket() }
    let container: RouteSocket
    do throws(NetlinkError) {
      container = try RouteSocket(in: namespace)
    } catch {
      throw PluginError(error).during("failed to enter netns \(quoted(call.namespacePath))")
    }
    return AttachmentNamespaces(namespace: namespace, host: host, container: container)
  }
}

/// Opens the container's network namespace.
///
/// - Throws: Code 8 with the path and the reason.
func openNamespace(of call: Call) throws(PluginError) -> NetworkNamespace {
  do throws(SystemError) {
    return try NetworkNamespace(path: call.namespacePath)
  } catch {
    throw .namespace(call.namespacePath, error)
  }
}

/// Opens the container's network namespace for DEL, where one that is gone is no error.
///
/// - Returns: nil when the runtime gave no path, or when nothing is there any more.
/// - Throws: Code 8 when something else is there. It must not be touched.
func openNamespaceIfPresent(of call: Call) throws(PluginError) -> NetworkNamespace? {
  if call.namespacePath.isEmpty { return nil }
  do throws(SystemError) {
    return try NetworkNamespace(path: call.namespacePath)
  } catch {
    if error.isNotFound { return nil }
    throw .namespace(call.namespacePath, error)
  }
}

extension NetworkNamespace {
  /// The identity of the namespace as a record of the journal has it. A record without one would match no namespace, and
  /// what it tells of would never be taken back.
  func fileIdentity() throws(PluginError) -> FileIdentity {
    let descriptor = descriptor
    return try system { () throws(SystemError) in try FileIdentity(of: descriptor) }
  }
}

extension PluginError {
  /// A namespace that cannot be opened. Runtimes look for the text `no such file or directory`.
  fileprivate static func namespace(_ path: String, _ error: SystemError) -> PluginError {
    PluginError(.invalidNamespace, "failed to open netns \(quoted(path)): \(error.reason)")
  }
}

import Foundation
import LinuxSystem
import NetworkNamespaces
import RouteNetlink
import TestSupport
import Testing

/// What `ip` of iproute2 says: the second opinion on everything that these tests do to the kernel.
struct Oracle {
  let namespace: TestNamespace

  /// One object of `ip -json`.
  typealias Object = [String: Any]

  /// The objects that `ip -json -details ARGUMENTS` prints.
  func list(_ arguments: String) throws -> [Object] {
    let text = try run("-json -details " + arguments)
    if text.isEmpty { return [] }
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    // `ip` prints an empty object for a line that a filter took out.
    return try #require(value as? [Object]).filter { !$0.isEmpty }
  }

  /// The link with a name.
  func link(_ name: String) throws -> Object {
    try #require(try list("link show").first { $0["ifname"] as? String == name })
  }

  /// Does something that the test is not about.
  @discardableResult
  func run(_ arguments: String) throws -> String {
    let arguments = arguments.split(separator: " ").map(String.init)
    let outcome = try namespace.namespace.run { () throws(SystemError) in
      Result { try Program("/usr/sbin/ip", arguments).run() }
    }.get()
    guard outcome.status == 0 else { throw OracleError(text: "ip \(arguments): \(outcome)") }
    return outcome.text
  }

  struct OracleError: Error { let text: String }
}

extension Oracle.Object {
  /// A value inside of values: `link["linkinfo", "info_slave_data", "hairpin"]`.
  subscript(_ first: String, _ rest: String...) -> Any? {
    rest.reduce(self[first]) { value, key in (value as? Oracle.Object)?[key] }
  }
}

/// A namespace, a socket in it, and the second opinion.
struct Machine: ~Copyable {
  let namespace: TestNamespace
  let socket: RouteSocket
  let ip: Oracle

  init() throws {
    let namespace = try TestNamespace()
    socket = try RouteSocket(in: namespace.namespace)
    self.namespace = namespace
    ip = Oracle(namespace: namespace)
  }

  /// Makes a pair of links in the namespace, both up, and returns the near end's index.
  func addPair(_ name: String, peer: String) throws -> UInt32 {
    try socket.perform([
      .addLink(
        LinkSpecification(
          name: name, kind: .veth(VethSpecification(peer: LinkSpecification(name: peer))), isUp: true)),
      .setLink(.name(peer), LinkChanges(isUp: true)),
    ])
    return try #require(try socket.link(named: name)).index
  }
}

import CNI
import JSON
import LinuxSystem
import TestSupport
import Testing

@testable import Plugins

/// Calls a plugin in this process as a runtime calls it in its own, on a directory of the test's own for leases.
struct PluginCaller {
  let plugin: String
  let directory: TemporaryDirectory

  init(_ plugin: String) throws {
    self.plugin = plugin
    directory = try TemporaryDirectory()
  }

  /// What the plugin answered.
  struct Answer {
    let status: CInt
    /// The document on stdout; nil where there was none.
    let json: JSONValue?

    var message: String? { json.flatMap { try? $0.value("msg") } }
    var details: String? { json.flatMap { try? $0.value("details") } }
    var code: Int? { json.flatMap { try? $0.value("code") } }

    /// A member of the document, on one line; nil where there is none.
    func text(_ key: String) -> String? { json?[key].map { String(decoding: $0.serialized(.compact), as: UTF8.self) } }

    /// `10.1.0.2/24 via 10.1.0.1` for each address of a result.
    var addresses: [String] {
      guard let ips: [JSONValue] = try? json?.value("ips", default: []) else { return [] }
      return ips.map { ip in
        let gateway = (try? ip.valueIfPresent("gateway", as: String.self)) ?? nil
        return ((try? ip.value("address")) ?? "?") + (gateway.map { " via \($0)" } ?? "")
      }
    }
  }

  /// Makes a call.
  ///
  /// - Parameters:
  ///   - ipam: The members of the configuration's `ipam` besides `type` and `dataDir`.
  ///   - more: Members of the configuration besides `ipam`.
  func call(
    _ command: String, _ ipam: String = "", more: String = "", version: String = "1.1.0", container: String = "cid1",
    interface: String = "eth0", arguments: String = ""
  ) throws -> Answer {
    let ipam = #"{"type": "\#(plugin)", "dataDir": "\#(directory.path)"\#(ipam.isEmpty ? "" : ", \(ipam)")}"#
    return try call(
      command, members: #""ipam": \#(ipam)\#(more.isEmpty ? "" : ", \(more)")"#, version: version, container: container,
      interface: interface, arguments: arguments)
  }

  /// Makes a call with the given members of the configuration besides name and version.
  func call(
    _ command: String, members: String, version: String = "1.1.0", container: String = "cid1",
    interface: String = "eth0", arguments: String = ""
  ) throws -> Answer {
    let configuration = #"{"cniVersion": "\#(version)", "name": "n1", "type": "bridge", \#(members)}"#
    var variables = [(name: "CNI_COMMAND", value: command), (name: "CNI_PATH", value: "/nowhere")]
    if command != "GC" && command != "STATUS" {
      variables += [
        ("CNI_CONTAINERID", container), ("CNI_IFNAME", interface), ("CNI_NETNS", "/run/netns/there-is-none"),
        ("CNI_ARGS", arguments),
      ]
    }
    let written = Written()
    let status = Dispatcher(
      invocation: plugin, plugins: .standard, softwareVersion: "test", environment: Environment(variables),
      input: { () throws(SystemError) in Array(configuration.utf8) },
      output: { bytes throws(SystemError) in written.bytes += bytes }, log: { _ in }
    ).run()
    return Answer(status: status, json: written.bytes.isEmpty ? nil : try JSONValue(parsing: written.bytes))
  }

  private final class Written {
    var bytes: [UInt8] = []
  }
}

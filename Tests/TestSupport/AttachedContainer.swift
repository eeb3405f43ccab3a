internal import Foundation
internal import Synchronization

/// A container at a network, which is called for as a runtime does: ADD in the order of the plugins, DEL and CHECK with
/// the last result, DEL in the opposite order.
package final class AttachedContainer: Sendable {
  package let container: Container
  package let network: NetworkList
  private let host: Host
  private let capabilities: String
  private let plugins: PluginDirectory

  /// The result of the last ADD that succeeded as a whole.
  private let lastResult = Mutex<String?>(nil)

  /// - Parameters:
  ///   - capabilities: What the runtime has for plugins that declare a capability: an object such as
  ///     `{"portMappings": […]}`.
  ///   - plugins: Whose plugins are called.
  package init(
    of container: Container, in host: Host, to network: NetworkList, capabilities: String = "{}",
    by plugins: PluginDirectory = Peers.plugins
  ) {
    self.container = container
    self.host = host
    self.network = network
    self.capabilities = capabilities
    self.plugins = plugins
  }

  /// One call of one plugin of the list.
  package struct Step: Sendable {
    package let plugin: String
    package let program: Program
  }

  /// How a step is done; a test may put strace around the program.
  package typealias Caller = (Step) throws -> Program.Outcome

  /// Calls the plugins one after the other.
  ///
  /// - Parameters:
  ///   - plugins: Whose, where the attachment is taken over by others.
  ///   - only: The one plugin of the list that is called, where not all are.
  ///   - withResult: Whether DEL gets the result of ADD; one of an older runtime, or after an ADD that failed, does not.
  ///   - caller: How each of them is called.
  /// - Returns: What the last of them printed, or the first that failed.
  @discardableResult
  package func call(
    _ command: String, only: String? = nil, by plugins: PluginDirectory? = nil, withResult: Bool = true,
    _ caller: Caller? = nil
  ) throws -> Program.Outcome {
    let plugins = plugins ?? self.plugins
    let run = caller ?? { [host] step in try host.run(step.program) }
    let order = command == "DEL" ? Array(network.plugins.indices.reversed()) : Array(network.plugins.indices)
    var previous = command == "ADD" && only == nil || !withResult ? nil : lastResult.withLock { $0 }
    var outcome = Program.Outcome(status: 0, output: [], errors: [])
    for index in order {
      var more = previous.map { ["prevResult": $0] } ?? [:]
      if command == "GC" { more["cni.dev/valid-attachments"] = "[]" }
      let (type, configuration) = try network.configuration(of: index, capabilities, more)
      if let only, only != type { continue }
      let environment = ["CNI_CONTAINERID": identifier, "CNI_NETNS": container.path]
      let call = PluginCall(command, type, configuration, environment: environment, in: plugins)
      outcome = try run(Step(plugin: type, program: call.program()))
      guard outcome.status == 0 else { return outcome }
      if command == "ADD" { previous = outcome.text }
    }
    if command == "ADD", only == nil { lastResult.withLock { $0 = previous } }
    return outcome
  }

  /// Makes a call that has to succeed, or the test has an error.
  package func mustSucceed(
    _ command: String, only: String? = nil, by plugins: PluginDirectory? = nil, withResult: Bool = true
  ) throws {
    let outcome = try call(command, only: only, by: plugins, withResult: withResult)
    guard outcome.status == 0 else { throw HarnessError("\(command) of \(identifier): \(outcome)") }
  }

  /// The container's identifier.
  package var identifier: String { "id-\(container.name)" }

  /// The container's addresses, without their prefix lengths, in the order of the result.
  package var addresses: [String] {
    get throws {
      guard let result = lastResult.withLock({ $0 }) else { throw HarnessError("\(identifier) is not attached") }
      let list = try NetworkList.object(result)["ips"] as? [[String: Any]] ?? []
      return list.compactMap { ($0["address"] as? String)?.split(separator: "/").first.map(String.init) }
    }
  }

  /// The address of the container that a client uses which itself has an address of that form.
  package func address(like other: String) throws -> String {
    let address = try addresses.first { $0.contains(":") == other.contains(":") }
    guard let address else { throw HarnessError("\(identifier) has no address like \(other)") }
    return address
  }
}

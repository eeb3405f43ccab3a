import CLinux
import CNI
import JSON
import LinuxSystem
import NetworkAddresses
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// What the plugins of a test were asked, in order.
final class CallLog: Sendable {
  private let calls = Mutex<[Call]>([])

  var all: [Call] { calls.withLock { $0 } }
  var commands: [CNI.Command] { all.map { $0.command } }

  func record(_ call: Call) { calls.withLock { $0.append(call) } }
}

/// A plugin that does what the test says.
struct FakePlugin: Plugin {
  var name = "fake"
  var supportedVersions = SpecVersion.allCases
  var log = CallLog()
  var result = AttachmentResult(addresses: [AttachmentAddress(address: cidr("10.1.0.2/24"))])
  /// Runs in every verb, after the call is recorded.
  var onCall: @Sendable (Call) throws(PluginError) -> Void = { _ in }
  /// Makes the result of ADD; nil for the one above.
  var onAdd: (@Sendable (Call) throws(PluginError) -> AttachmentResult)?

  func add(_ call: Call) throws(PluginError) -> AttachmentResult {
    try answer(call)
    return try onAdd?(call) ?? result
  }
  func delete(_ call: Call) throws(PluginError) { try answer(call) }
  func check(_ call: Call) throws(PluginError) { try answer(call) }
  func collectGarbage(_ call: Call) throws(PluginError) { try answer(call) }
  func status(_ call: Call) throws(PluginError) { try answer(call) }

  private func answer(_ call: Call) throws(PluginError) {
    log.record(call)
    try onCall(call)
  }
}

/// What a process did: the exit status and the traffic.
final class Outcome {
  var status: CInt = 0
  var output: [UInt8] = []
  var writes = 0
  var reads = 0
  var log = ""

  /// What came on stdout.
  var text: String { String(decoding: output, as: UTF8.self) }

  /// The error object on stdout.
  func error() throws -> PluginError { try PluginError(json: JSONValue(parsing: output)) }
}

/// An address with its prefix length that the test spelled right.
func cidr(_ text: String) -> CIDR {
  guard let cidr = CIDR(text) else { preconditionFailure(text) }
  return cidr
}

/// An address that the test spelled right.
func ip(_ text: String) -> IPAddress {
  guard let address = IPAddress(text) else { preconditionFailure(text) }
  return address
}

/// The variables of a valid call, some of them changed or, with nil, taken away.
func variables(_ command: String = "ADD", _ changes: [String: String?] = [:]) -> [String: String] {
  var variables = [
    "CNI_COMMAND": command, "CNI_CONTAINERID": "container-1", "CNI_NETNS": "/nowhere/netns", "CNI_IFNAME": "eth0",
    "CNI_PATH": "/nowhere/bin",
  ]
  for (name, value) in changes { variables[name] = value }
  return variables
}

/// The configuration of a valid call with more members: `"mtu": 1500`.
func configuration(_ version: String = "1.1.0", _ members: String = "") -> String {
  "{\"cniVersion\": \"\(version)\", \"name\": \"blue\", \"type\": \"fake\"\(members.isEmpty ? "" : ", ")\(members)}"
}

/// Calls plugins as the runtime does, without a process.
///
/// - Parameter input: What stdin holds; nil for one that cannot be read.
func call(
  _ variables: [String: String] = variables(), _ input: [UInt8]? = Array(configuration().utf8),
  _ plugins: [any Plugin] = [FakePlugin()], invocation: String = "/opt/cni/bin/fake"
) -> Outcome {
  let outcome = Outcome()
  let dispatcher = Dispatcher(
    invocation: invocation,
    plugins: PluginTable(plugins),
    softwareVersion: "swift-cni 1.2.3", environment: Environment(variables.map { ($0.key, $0.value) }),
    input: { () throws(SystemError) in
      outcome.reads += 1
      guard let input else { throw SystemError("read", .ioError, on: "stdin") }
      return input
    },
    output: { bytes throws(SystemError) in
      outcome.writes += 1
      outcome.output += bytes
    },
    log: { text in outcome.log += text })
  outcome.status = dispatcher.run()
  return outcome
}

func call(
  _ variables: [String: String] = variables(), _ input: String, _ plugins: [any Plugin] = [FakePlugin()],
  invocation: String = "/opt/cni/bin/fake"
) -> Outcome {
  call(variables, Array(input.utf8), plugins, invocation: invocation)
}

/// Runs a closure in a plugin, which has a call.
///
/// - Returns: What the closure returned or threw.
func inCall<T: Sendable>(
  _ variables: [String: String] = variables(), _ input: String = configuration(), others: [any Plugin] = [],
  sourceLocation: SourceLocation = #_sourceLocation, _ body: @escaping @Sendable (Call) throws(PluginError) -> T
) throws -> T {
  let box = Box<T>()
  let plugin = FakePlugin(onCall: { call throws(PluginError) in
    box.set(Result { () throws(PluginError) in try body(call) })
  })
  let outcome = call(variables, input, [plugin] + others)
  return try #require(box.content, "no call came: \(outcome.text)", sourceLocation: sourceLocation).get()
}

/// Carries a value out of a closure that may be sent.
private final class Box<T: Sendable>: Sendable {
  private let stored = Mutex<Result<T, PluginError>?>(nil)

  var content: Result<T, PluginError>? { stored.withLock { $0 } }

  func set(_ content: Result<T, PluginError>) { stored.withLock { $0 = content } }
}

extension TemporaryDirectory {
  /// Writes a shell script that can be executed, in the place of one that was there.
  @discardableResult
  func script(_ name: String, _ text: String, mode: mode_t = 0o755) throws -> String {
    let path = file(name)
    try removeFile(path)
    let script = try OwnedDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
    try writeAll(script.rawValue, Array("#!/bin/sh\n\(text)\n".utf8))
    return path
  }

  /// Makes this process's executable known under a name.
  func link(_ name: String) throws {
    _ = try systemCall("symlink") { symlink("/proc/\(getpid())/exe", file(name)) }
  }
}

internal import CLinux
internal import Foundation
internal import LinuxSystem

/// The leases of one network on disk, and calls of host-local on them: ours or the reference's, each a process.
package struct HostLocalStore: Sendable {
  package let directory: TemporaryDirectory

  /// The members of `ipam` that say which addresses there are.
  package let ranges: String

  /// The boot that calls of ours are made in; nil is the machine's real one.
  package var boot: SimulatedBoot?

  /// A store that nobody has opened yet.
  package init(_ ranges: String = HostLocalStore.slash24) throws {
    directory = try TemporaryDirectory()
    self.ranges = ranges
  }

  /// 253 addresses: 10.1.0.2 to 10.1.0.254.
  package static let slash24 = #""ranges": [[{"subnet": "10.1.0.0/24"}]]"#

  /// One address of each family.
  package static let dualStack = #""ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd00:1::/64"}]]"#

  /// The name of the network, and of its directory.
  package static let network = "n1"

  /// Where the leases are.
  package var leaseDirectory: String { directory.file(Self.network) }

  // MARK: Calls

  /// A call as a program to run.
  ///
  /// - Parameters:
  ///   - members: Members of the configuration besides `ipam`.
  ///   - wrapper: A program and its arguments that the plugin is run by, such as `strace`.
  package func program(
    _ command: String, _ container: String = "", by plugins: PluginDirectory = Peers.plugins, members: [String] = [],
    arguments: String = "", wrapper: [String] = []
  ) throws -> Program {
    let configuration = """
      {"cniVersion": "1.1.0", "name": "\(Self.network)", "type": "bridge",
       "ipam": {"type": "host-local", "dataDir": "\(directory.path)", \(ranges)}\(members.map { ", \($0)" }.joined())}
      """
    var environment = ["CNI_ARGS": arguments]
    if !container.isEmpty {
      environment["CNI_CONTAINERID"] = container
      environment["CNI_NETNS"] = "/run/netns/there-is-none"
    }
    var program = try PluginCall(command, "host-local", configuration.utf8, environment: environment, in: plugins)
      .program()
    let prefix = (plugins == Peers.plugins ? boot?.wrapper ?? [] : []) + wrapper
    if let first = prefix.first {
      program.arguments = prefix.dropFirst() + [program.path] + program.arguments
      program.path = first
    }
    return program
  }

  /// Makes a call.
  @discardableResult
  package func call(
    _ command: String, _ container: String = "", by plugins: PluginDirectory = Peers.plugins, members: [String] = [],
    arguments: String = ""
  ) throws -> HostLocalAnswer {
    HostLocalAnswer(
      try program(command, container, by: plugins, members: members, arguments: arguments).run())
  }

  /// An ADD that has to succeed.
  ///
  /// - Returns: The addresses, without their prefix lengths.
  @discardableResult
  package func add(
    _ container: String, by plugins: PluginDirectory = Peers.plugins, arguments: String = ""
  ) throws -> [String] {
    try call("ADD", container, by: plugins, arguments: arguments).addressesOfSuccess()
  }

  /// The configuration's member that tells GC which containers' `eth0` are valid.
  package static func validAttachments(_ containers: some Sequence<String>) -> String {
    let list = containers.map { #"{"containerID": "\#($0)", "ifname": "eth0"}"# }.joined(separator: ", ")
    return #""cni.dev/valid-attachments": [\#(list)]"#
  }

  /// The configuration's member with the result that CHECK compares with.
  package static func previousResult(_ addresses: some Sequence<String>) -> String {
    let list = addresses.map { #"{"address": "\#($0)/\#($0.contains(":") ? 64 : 24)"}"# }.joined(separator: ", ")
    return #""prevResult": {"cniVersion": "1.1.0", "ips": [\#(list)]}"#
  }

  // MARK: Files

  /// What each lease file says, by its address. Nothing where there is no directory yet.
  package func leases() throws -> [String: String] {
    var leases: [String: String] = [:]
    for name in try namesIfPresent(leaseDirectory) where name.contains(":") || name.firstMatch(of: /^\d+\./) != nil {
      leases[name] = String(decoding: try readFile("\(leaseDirectory)/\(name)"), as: UTF8.self)
    }
    return leases
  }

  /// The addresses that a container's `eth0` holds, sorted as texts.
  package func addresses(of container: String) throws -> [String] {
    try leases().filter { $0.value == Self.content(of: container) }.keys.sorted()
  }

  /// What a lease file of a container's `eth0` says.
  package static func content(of container: String) -> String { "\(container)\r\neth0" }

  /// Writes a lease as somebody else would: the reference, or a person.
  package func write(_ content: some Sequence<UInt8>, to address: String) throws {
    try directory.write(content, to: "\(Self.network)/\(address)")
  }

  /// The names in the network's directory that are neither leases nor what `docs/leases.md` describes.
  package func strangeNames() throws -> [String] {
    let leases = try leases()
    return try namesIfPresent(leaseDirectory).filter {
      leases[$0] == nil && $0 != "lock" && !$0.hasPrefix("last_reserved_ip.")
    }
  }

  /// The files below `.swift-cni`, as paths from there, sorted; nothing where it does not exist.
  package func filesOfOurOwn() throws -> [String] {
    let base = directory.file(".swift-cni")
    return try namesIfPresent(base).flatMap { network in
      try namesIfPresent("\(base)/\(network)").map { "\(network)/\($0)" }
    }.sorted()
  }

  /// Takes away everything that is ours alone.
  package func removeFilesOfOurOwn() { removeTree(directory.file(".swift-cni")) }

  private func namesIfPresent(_ path: String) throws -> [String] {
    access(path, F_OK) == 0 ? try namesInDirectory(path) : []
  }
}

/// What a call of host-local answered.
package struct HostLocalAnswer: Sendable, CustomStringConvertible {
  package let outcome: Program.Outcome

  package init(_ outcome: Program.Outcome) { self.outcome = outcome }

  package var description: String { "\(outcome)" }

  /// Whether the call succeeded.
  package var succeeded: Bool { outcome.status == 0 }

  /// The code of the error document; nil where standard output is anything else than exactly one.
  package var errorCode: Int? { document?["code"] as? Int }

  /// The message of the error document, and its details behind a line break.
  package var errorText: String? {
    guard let message = document?["msg"] as? String else { return nil }
    return "\(message)\n\(document?["details"] as? String ?? "")"
  }

  /// The addresses of the result, without their prefix lengths; nil where standard output is no result.
  package var addresses: [String]? {
    guard let ips = document?["ips"] as? [[String: Any]] else { return nil }
    return ips.compactMap { ($0["address"] as? String)?.split(separator: "/").first.map(String.init) }
  }

  /// The addresses of an ADD that has to have succeeded.
  package func addressesOfSuccess() throws -> [String] {
    guard succeeded, let addresses, !addresses.isEmpty else { throw HarnessError("ADD failed: \(outcome)") }
    return addresses
  }

  /// Whether the answer is what the protocol allows: a success with its document or nothing, or one error document.
  package func isWellFormed(for command: String) -> Bool {
    switch outcome.status {
    case 0: command == "ADD" ? addresses != nil : outcome.output.isEmpty
    case 1: errorCode != nil
    default: false
    }
  }

  private var document: [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(outcome.output))) as? [String: Any]
  }
}

import LinuxSystem
import NetworkNamespaces
import Testing

/// The traces that container engines leave on a host, in a directory of their own: a table of mounts, control groups,
/// the daemon's process id, its `/proc`, and its socket.
struct EngineFixture {
  /// The daemon's process id.
  static let daemon = 4242

  /// A container's id, and another one that begins with the same digits.
  static let id = "3f9a" + String(repeating: "0123456789ab", count: 5)
  static let sibling = "3f9b" + String(repeating: "0123456789ab", count: 5)

  enum Version: String, CaseIterable, CustomTestStringConvertible {
    case one, two
    var testDescription: String { "version \(rawValue)" }
    var processFile: String { self == .one ? "tasks" : "cgroup.procs" }
  }

  let directory: TemporaryDirectory
  let version: Version

  /// - Parameter daemonGroup: The control group in which the daemon runs; `nil` where no daemon does.
  init(_ version: Version, daemonGroup: String? = "/engine", mounts: String? = nil) throws {
    directory = try TemporaryDirectory()
    self.version = version
    try directory.write(mounts ?? self.mounts, to: "mounts")
    try makeDirectories("\(directory.path)/cgroup/memory", mode: 0o755)
    guard let daemonGroup else { return }
    try directory.write("\(Self.daemon)", to: "docker.pid")
    let lines = [
      "12:cpu,cpuacct:/elsewhere", "5:memory:\(version == .one ? daemonGroup : "/elsewhere")",
      "1:name=systemd:/elsewhere",
      "0::\(version == .two ? daemonGroup : "/elsewhere")",
    ]
    try directory.write(lines.joined(separator: "\n") + "\n", to: "proc/\(Self.daemon)/cgroup")
  }

  /// Where the hierarchy is mounted.
  var root: String { "\(directory.path)/cgroup/memory" }

  private var mounts: String {
    let hierarchy =
      switch version {
      case .one: "cgroup \(root) cgroup rw,nosuid,memory 0 0"
      case .two: "cgroup2 \(root) cgroup2 rw,nosuid 0 0"
      }
    return "proc /proc proc rw 0 0\ncgroup /nowhere/cpu cgroup rw,cpu 0 0\nnot a mount\n\(hierarchy)\n"
  }

  var lookup: ContainerLookup {
    ContainerLookup(
      mountsFile: "\(directory.path)/mounts", processDirectory: "\(directory.path)/proc",
      daemonProcessFile: "\(directory.path)/docker.pid", engineSocket: socket)
  }

  var socket: String { "\(directory.path)/docker.sock" }

  /// Makes a container's group.
  ///
  /// - Parameter group: Its path below the root of the hierarchy.
  func add(_ group: String, processes: String) throws {
    try directory.write(processes, to: "cgroup/memory/\(group)/\(version.processFile)")
  }

  /// Runs a body while an engine waits for one request and answers it.
  ///
  /// - Returns: What the body returns, and the request.
  func withEngine<Value>(answering answer: String, _ body: () throws -> Value) throws -> (Value, request: String) {
    let listener = try LocalListener(path: socket)
    let request = Received()
    let thread = try BackgroundThread { request.store(try? listener.answerOnce(answer)) }
    let value = Result { try body() }
    thread.join()
    return (try value.get(), request.value ?? "")
  }
}

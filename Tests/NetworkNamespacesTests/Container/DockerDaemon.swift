import CLinux
import LinuxSystem
import TestSupport
import Testing

/// A docker daemon for one test, with everything that is its own in one directory. It touches neither bridges nor
/// firewall, and shares with the host only the control groups, in which its containers have unique ids.
final class DockerDaemon {
  let directory: TemporaryDirectory
  private let processID: pid_t

  /// The group of all containers in each hierarchy, where it was not there before: a daemon does not remove it.
  private let groupsToRemove: [String]

  /// The name of the only image, which has nothing but busybox.
  private static let image = "swiftcni-test"

  /// Starts the daemon and gives it the image, or skips the test with the reason.
  static func running() throws -> DockerDaemon {
    try Privileges.requireRoot()
    try requirePrograms()
    let daemon = try DockerDaemon(in: TemporaryDirectory())
    try daemon.waitUntilReady()
    try daemon.importImage()
    return daemon
  }

  private init(in directory: TemporaryDirectory) throws {
    self.directory = directory
    groupsToRemove = try namesInDirectory("/sys/fs/cgroup").map { "/sys/fs/cgroup/\($0)/docker" }
      .filter { access($0, F_OK) != 0 }
    let path = directory.path
    let options = [
      "--data-root=\(path)/data", "--exec-root=\(path)/run", "--pidfile=\(path)/docker.pid",
      "--host=unix://\(path)/docker.sock", "--bridge=none", "--iptables=false", "--ip6tables=false",
      "--storage-driver=vfs", "--exec-opt=native.cgroupdriver=cgroupfs",
    ]
    let started = try Self.shell("dockerd \(options.joined(separator: " ")) </dev/null >\(path)/log 2>&1 & echo $!")
    processID = try #require(pid_t(started.text.filter { $0 != "\n" }))
  }

  private func waitUntilReady() throws {
    for _ in 0..<300 where kill(processID, 0) == 0 {
      if try access(socket, F_OK) == 0 && docker("version").status == 0 { return }
      usleep(100_000)
    }
    let log = String(decoding: (try? readFile("\(directory.path)/log")) ?? [], as: UTF8.self)
    try skip("dockerd does not start here: \(log.split(separator: "\n").suffix(3).joined(separator: " | "))")
  }

  private func importImage() throws {
    let tree = "\(directory.path)/image"
    let imported = try Self.shell(
      """
      mkdir -p \(tree)/bin && cp "$(command -v busybox)" \(tree)/bin/busybox &&
      tar -C \(tree) -c . | docker --host=unix://\(socket) import - \(Self.image)
      """)
    try #require(imported.status == 0, "\(imported)")
  }

  var socket: String { "\(directory.path)/docker.sock" }
  var processFile: String { "\(directory.path)/docker.pid" }

  /// Runs docker's command line against this daemon.
  func docker(_ arguments: String...) throws -> Program.Outcome {
    try Self.shell("docker --host=unix://\(socket) \(arguments.joined(separator: " "))")
  }

  /// Starts a container that does nothing, or skips the test where the machine cannot run one.
  ///
  /// - Returns: Its id.
  func start() throws -> String {
    let started = try docker("run --detach --network=none", Self.image, "/bin/busybox sleep 600")
    guard started.status == 0 else { try skip("docker cannot run a container here: \(started)") }
    return try Self.line(of: started)
  }

  /// Makes a container that is not started.
  ///
  /// - Returns: Its id.
  func create() throws -> String {
    try Self.line(of: try docker("create --network=none", Self.image, "/bin/busybox true"))
  }

  private static func line(of outcome: Program.Outcome) throws -> String {
    String(try #require(outcome.text.split(separator: "\n").last, "\(outcome)"))
  }

  private static func requirePrograms() throws {
    for (program, package) in [("dockerd", "docker.io"), ("docker", "docker.io"), ("busybox", "busybox-static")] {
      if try shell("command -v \(program)").status != 0 { try skip("needs \(program): install \(package)") }
    }
  }

  private static func shell(_ script: String) throws -> Program.Outcome {
    try Program("/bin/sh", ["-c", script], deadline: 120).run()
  }

  deinit {
    _ = try? Self.shell("docker --host=unix://\(socket) ps -aq | xargs -r docker --host=unix://\(socket) rm --force")
    kill(processID, SIGTERM)
    for _ in 0..<300 where kill(processID, 0) == 0 { usleep(100_000) }
    for group in groupsToRemove { rmdir(group) }
  }
}

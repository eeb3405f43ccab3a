internal import LinuxSystem

extension NetworkNamespace {
  /// The namespace of a running container whose id begins with the given digits, as docker's command line takes it.
  ///
  /// The control groups are searched in every layout that docker, Kubernetes with docker, nerdctl and finch use; where
  /// they do not tell, the docker engine is asked over its socket.
  public static func ofContainer(idPrefix: String) throws(ContainerLookupError) -> NetworkNamespace {
    try ContainerLookup().namespace(idPrefix: idPrefix)
  }
}

/// Finds a process of a container. Where it looks can be chosen, so that every layout can be tested without an engine.
package struct ContainerLookup: Sendable {
  let mountsFile: String
  let processDirectory: String
  let daemonProcessFile: String
  let engineSocket: String

  /// - Parameters:
  ///   - mountsFile: The table of mounts in which the control groups are found.
  ///   - processDirectory: Where the kernel shows processes.
  ///   - daemonProcessFile: The file in which the docker daemon writes its process id.
  ///   - engineSocket: The socket on which the docker daemon listens.
  package init(
    mountsFile: String = "/proc/mounts", processDirectory: String = "/proc",
    daemonProcessFile: String = "/var/run/docker.pid", engineSocket: String = "/var/run/docker.sock"
  ) {
    self.mountsFile = mountsFile
    self.processDirectory = processDirectory
    self.daemonProcessFile = daemonProcessFile
    self.engineSocket = engineSocket
  }

  /// The network namespace of the running container whose id begins with the given digits.
  package func namespace(idPrefix: String) throws(ContainerLookupError) -> NetworkNamespace {
    let processID = try processID(idPrefix: idPrefix)
    do throws(SystemError) { return try .ofProcess(processID) } catch { throw .system(error) }
  }

  /// A process of the running container whose id begins with the given digits.
  package func processID(idPrefix: String) throws(ContainerLookupError) -> CInt {
    try validate(idPrefix)
    let finding: ControlGroupFinding
    do throws(SystemError) { finding = try searchControlGroups(idPrefix) } catch { throw .system(error) }
    if case .process(let processID) = finding { return processID }
    if case .several(let ids) = finding { throw .ambiguous(prefix: idPrefix, candidates: ids) }
    let engine: EngineConnection
    do throws(SystemError) {
      engine = try EngineConnection(socket: engineSocket)
    } catch {
      // Nobody else to ask: what the control groups told is the answer.
      switch finding {
      case .idle(let id): throw .notRunning(id: id)
      case .absent: throw .notFound(prefix: idPrefix)
      default: throw .noEngine(error)
      }
    }
    return try engine.processID(idPrefix: idPrefix)
  }
}

/// Container ids are up to 64 lower-case hexadecimal digits. Anything else would be a pattern or a path where the
/// prefix is put into one.
private func validate(_ prefix: String) throws(ContainerLookupError) {
  guard !prefix.isEmpty else { throw .emptyPrefix }
  guard prefix.utf8.count <= 64, isHexadecimal(prefix) else { throw .invalidPrefix(prefix) }
}

/// Whether a text has nothing but digits and the letters a to f.
func isHexadecimal(_ text: some StringProtocol) -> Bool {
  text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0 }
}

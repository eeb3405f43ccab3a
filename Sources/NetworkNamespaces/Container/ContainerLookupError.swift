public import LinuxSystem

/// Why the namespace of a container was not found.
public enum ContainerLookupError: Error, Hashable, Sendable {
  /// An empty prefix, which every container would match.
  case emptyPrefix

  /// A prefix that can begin no container's id: ids are up to 64 lower-case hexadecimal digits.
  case invalidPrefix(String)

  /// No running container's id begins with the prefix.
  case notFound(prefix: String)

  /// The ids of several containers begin with the prefix.
  ///
  /// The candidates are their ids, where the one who was asked tells.
  case ambiguous(prefix: String, candidates: [String])

  /// There is a container, but no process of it that can be seen from here.
  case notRunning(id: String)

  /// Nobody to ask: no container engine leaves its traces here. The error is that of the last attempt.
  case noEngine(SystemError)

  /// The engine answered something else than the description of a container.
  case engine(String)

  /// A system call failed.
  case system(SystemError)
}

extension ContainerLookupError: SystemErrorConvertible {
  public init(_ error: SystemError) { self = .system(error) }
}

extension ContainerLookupError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .emptyPrefix: "empty container id"
    case .invalidPrefix(let prefix): "invalid container id \(quoted(prefix)): expected lower-case hexadecimal digits"
    case .notFound(let prefix): "unable to find container \(quoted(prefix))"
    case .ambiguous(let prefix, let candidates) where candidates.isEmpty: "ambiguous container id \(quoted(prefix))"
    case .ambiguous(let prefix, let candidates):
      "ambiguous container id \(quoted(prefix)): \(candidates.joined(separator: ", "))"
    case .notRunning(let id): "no process found of container \(quoted(id))"
    case .noEngine(let error): "no container engine found: \(error)"
    case .engine(let reason): "unexpected answer of the container engine: \(reason)"
    case .system(let error): error.description
    }
  }
}

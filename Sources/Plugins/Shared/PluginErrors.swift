internal import CNI
internal import JSON
internal import LinuxSystem
internal import Netlink
internal import SystemPackage

// The errors of the lower modules become the plugin's here, once, with the words that they bring.

extension PluginError {
  /// What the kernel refused, in its own words.
  init(_ error: NetlinkError) {
    self.init(.internal, error.description)
  }

  /// A value of the configuration that is not what it has to be.
  static func invalid(_ error: JSONError) -> PluginError { PluginError(error).during("failed to load netconf") }
}

/// Runs something that speaks netlink.
func netlink<Result: ~Copyable>(_ body: () throws(NetlinkError) -> Result) throws(PluginError) -> Result {
  do throws(NetlinkError) { return try body() } catch { throw PluginError(error) }
}

/// Runs something that makes system calls. A lock that somebody holds for too long is the error "try again later".
///
/// - Parameter code: The code of any other failure.
func system<Result: ~Copyable>(
  failingWith code: ErrorCode = .internal, _ body: () throws(SystemError) -> Result
) throws(PluginError) -> Result {
  do throws(SystemError) {
    return try body()
  } catch {
    throw PluginError(error.code == .timedOut ? .tryAgain : code, error.description)
  }
}

/// What went wrong in a task that goes on past its failures.
struct FailureList {
  private var errors: [PluginError] = []

  var isEmpty: Bool { errors.isEmpty }

  /// Runs one step and keeps its failure.
  ///
  /// - Returns: Whether it succeeded.
  @discardableResult
  mutating func collect(_ step: () throws(PluginError) -> Void) -> Bool {
    do throws(PluginError) {
      try step()
      return true
    } catch {
      errors.append(error)
      return false
    }
  }

  /// Throws the failures as one error, with the code of the first.
  func throwIfAny() throws(PluginError) {
    guard let first = errors.first else { return }
    if errors.count == 1 { throw first }
    throw PluginError(first.code, errors.map(\.description).joined(separator: "; "))
  }
}

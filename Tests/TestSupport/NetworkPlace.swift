/// A network in which a test has sockets and runs programs: a host's, or a container's.
package protocol NetworkPlace: Sendable {
  /// What a test's failure calls it.
  var name: String { get }

  /// Runs a body on a thread that is in this network.
  func run<Value>(_ body: () throws -> Value) throws -> Value
}

extension Host: NetworkPlace {
  package var name: String { "host" }
}

extension Container: NetworkPlace {}

extension NetworkPlace {
  /// Runs a shell script in this network; an error where it fails.
  ///
  /// - Returns: What it printed.
  @discardableResult
  package func shell(_ script: String) throws -> String {
    let outcome = try run { try Program("/bin/bash", ["--norc", "-euc", script]).run() }
    guard outcome.status == 0 else { throw HarnessError("in \(name): \(script): \(outcome)") }
    return outcome.text
  }
}

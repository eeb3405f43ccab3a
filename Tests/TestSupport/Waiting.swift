internal import CLinux

/// Returns when something is so; an error where it is not within a minute.
package func waitUntil(_ what: String, _ isSo: () throws -> Bool) throws {
  for _ in 0..<6000 {
    if try isSo() { return }
    usleep(10_000)
  }
  throw HarnessError("waited a minute in vain until \(what)")
}

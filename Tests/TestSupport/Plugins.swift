internal import LinuxSystem

/// The plugins that there are: as many as there are configurations to copy.
package enum Plugins {
  /// Their names.
  package static let all: [String] = {
    let suffix = ".conflist"
    let names = (try? namesInDirectory("\(Peers.root)/conf")) ?? []
    return names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }.sorted()
  }()
}

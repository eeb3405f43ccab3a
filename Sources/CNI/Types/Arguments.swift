internal import LinuxSystem

/// The pairs of `CNI_ARGS`: `IgnoreUnknown=1;IP=10.1.0.7;K8S_POD_NAME=web`.
///
/// The rules are the reference's: a pair has exactly one `=`, keys are compared by their exact spelling, and a key that
/// nobody knows is an error unless `IgnoreUnknown` is true, wherever it stands. Two are wider: `MAC`, `IP` and `GATEWAY`
/// are known to every plugin, because a main plugin and its IPAM plugin get the same text and each would refuse what is
/// for the other; and an empty piece at the end is no pair.
public struct Arguments: Sendable {
  private var pairs: [(key: String, value: String)] = []

  /// Parses the text of `CNI_ARGS`.
  ///
  /// - Parameter known: Keys that the plugin knows besides those that all know.
  public init(parsing text: String, known: [String] = []) throws(PluginError) {
    var unknown: [String] = []
    var ignoresUnknown = false

    var pieces = text.split(separator: ";", omittingEmptySubsequences: false)
    if pieces.last?.isEmpty == true { pieces.removeLast() }
    for piece in pieces {
      let parts = piece.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw PluginError("ARGS: invalid pair \(quoted(piece))") }
      let (key, value) = (String(parts[0]), String(parts[1]))
      switch key {
      case "IgnoreUnknown":
        guard let boolean = Arguments.boolean(value) else {
          throw Arguments.failure(key, value, "boolean unmarshal error: invalid input \(value.lowercased())")
        }
        ignoresUnknown = boolean
      case "MAC", "IP", "GATEWAY": pairs.append((key, value))
      default:
        if known.contains(key) { pairs.append((key, value)) } else { unknown.append(quoted(piece)) }
      }
    }

    if !unknown.isEmpty && !ignoresUnknown {
      throw PluginError("ARGS: unknown args [\(unknown.joined(separator: " "))]")
    }
  }

  /// The value of a key; of several the last one. Nil where there is none or it is empty.
  public subscript(key: String) -> String? {
    guard let value = pairs.last(where: { $0.key == key })?.value, !value.isEmpty else { return nil }
    return value
  }

  /// The value of a key as something that has a text: an address. Nil where there is none.
  ///
  /// - Parameter expected: What the value should be, for the error: `IP address`.
  public func value<T: LosslessStringConvertible>(
    _ key: String, as type: T.Type = T.self, expected: String
  ) throws(PluginError) -> T? {
    guard let text = self[key] else { return nil }
    guard let value = T(text) else { throw Arguments.failure(key, text, "invalid \(expected): \(text)") }
    return value
  }

  private static func boolean(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "1", "true": true
    case "0", "false": false
    default: nil
    }
  }

  private static func failure(_ key: String, _ value: String, _ reason: String) -> PluginError {
    PluginError("ARGS: error parsing value of pair \(quoted("\(key)=\(value)")): \(reason)")
  }
}

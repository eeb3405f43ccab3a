internal import LinuxSystem

// The dots of a version cannot be camel case.
// swift-format-ignore: AlwaysUseLowerCamelCase
/// A released version of the CNI specification.
public enum SpecVersion: String, CaseIterable, Comparable, Sendable, CustomStringConvertible {
  case v0_1_0 = "0.1.0"
  case v0_2_0 = "0.2.0"
  case v0_3_0 = "0.3.0"
  case v0_3_1 = "0.3.1"
  case v0_4_0 = "0.4.0"
  case v1_0_0 = "1.0.0"
  case v1_1_0 = "1.1.0"

  /// The newest one.
  public static let newest = SpecVersion.v1_1_0

  // swift-format-ignore: AlwaysUseLowerCamelCase
  /// The versions whose results have the same shape.
  public enum Family: Sendable {
    /// `ip4` and `ip6`: at most one address of each.
    case v0_2
    /// `interfaces`, `ips` (with `version`), `routes`.
    case v0_4
    /// The same without `version`.
    case v1
  }

  /// The shape of a result of this version.
  public var family: Family {
    switch self {
    case .v0_1_0, .v0_2_0: .v0_2
    case .v0_3_0, .v0_3_1, .v0_4_0: .v0_4
    case .v1_0_0, .v1_1_0: .v1
    }
  }

  public static func < (left: SpecVersion, right: SpecVersion) -> Bool { VersionNumber(left) < VersionNumber(right) }

  public var description: String { rawValue }
}

extension SpecVersion {
  /// Which of the plugin's versions a configuration wants. The two must be the same text: `1.1` is not `1.1.0`.
  ///
  /// - Parameter text: The configuration's `cniVersion`.
  static func negotiate(_ text: String, among supported: [SpecVersion]) throws(PluginError) -> SpecVersion {
    if let version = SpecVersion(rawValue: text), supported.contains(version) { return version }
    let list = supported.map { "\"\($0)\"" }.joined(separator: " ")
    throw PluginError(
      .incompatibleVersion, "incompatible CNI versions",
      details: "config is \(quoted(text)), plugin supports [\(list)]")
  }
}

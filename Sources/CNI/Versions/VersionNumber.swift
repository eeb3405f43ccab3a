internal import LinuxSystem

/// A version as a number that can be compared, also one that was never released.
struct VersionNumber: Comparable {
  let major: Int
  let minor: Int
  let micro: Int

  init(_ version: SpecVersion) {
    switch version {
    case .v0_1_0: self.init(0, 1, 0)
    case .v0_2_0: self.init(0, 2, 0)
    case .v0_3_0: self.init(0, 3, 0)
    case .v0_3_1: self.init(0, 3, 1)
    case .v0_4_0: self.init(0, 4, 0)
    case .v1_0_0: self.init(1, 0, 0)
    case .v1_1_0: self.init(1, 1, 0)
    }
  }

  private init(_ major: Int, _ minor: Int, _ micro: Int) {
    self.major = major
    self.minor = minor
    self.micro = micro
  }

  /// Reads one to three numbers with dots between them; those that are missing are zero. No text at all is 0.1.0.
  ///
  /// The texts of the errors are the reference's, which callers have seen for years.
  init(parsing text: String) throws(PluginError) {
    if text.isEmpty {
      self.init(.v0_1_0)
      return
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 3 else {
      throw PluginError(.decoding, "invalid version \(quoted(text)): too many parts")
    }
    func number(_ index: Int, _ name: String) throws(PluginError) -> Int {
      guard index < parts.count else { return 0 }
      guard let number = Int(parts[index]) else {
        let isNumber = !parts[index].isEmpty && parts[index].utf8.allSatisfy { (0x30...0x39).contains($0) }
        throw PluginError(
          .decoding,
          "failed to convert \(name) version part \(quoted(parts[index])): strconv.Atoi: parsing \(quoted(parts[index])): "
            + (isNumber ? "value out of range" : "invalid syntax"))
      }
      return number
    }
    self.init(try number(0, "major"), try number(1, "minor"), try number(2, "micro"))
  }

  static func < (left: VersionNumber, right: VersionNumber) -> Bool {
    (left.major, left.minor, left.micro) < (right.major, right.minor, right.micro)
  }
}

/// The rules for the names that a runtime chooses. Each says with the protocol's own words what is wrong.
enum Names {
  /// A file name has at most so many bytes, and names become file names: libcni's and ours.
  static let longestFileName = 255

  /// Checks a container's identifier: `[a-zA-Z0-9][a-zA-Z0-9_.-]*`.
  static func checkContainerID(_ name: String) throws(PluginError) {
    guard isName(name) else {
      throw PluginError(.invalidEnvironment, "invalid characters in containerID", details: name)
    }
    guard name.utf8.count <= longestFileName else {
      throw PluginError(
        .invalidEnvironment, "containerID is too long", details: "a container ID has at most \(longestFileName) bytes")
    }
  }

  /// Checks a network's name: the same rule.
  static func checkNetworkName(_ name: String) throws(PluginError) {
    guard !name.isEmpty else { throw PluginError(.invalidConfiguration, "missing network name") }
    guard isName(name) else {
      throw PluginError(.invalidConfiguration, "invalid characters found in network name", details: name)
    }
    guard name.utf8.count <= longestFileName else {
      throw PluginError(
        .invalidConfiguration, "network name is too long",
        details: "a network name has at most \(longestFileName) bytes")
    }
  }

  /// Checks an interface's name by the kernel's rules.
  static func checkInterfaceName(_ name: String) throws(PluginError) {
    func refuse(_ message: String, details: String? = nil) -> PluginError {
      PluginError(.invalidEnvironment, message, details: details)
    }
    guard !name.isEmpty else { throw refuse("interface name is empty") }
    // The kernel counts bytes (IFNAMSIZ, with the NUL).
    guard name.utf8.count <= 15 else {
      throw refuse("interface name is too long", details: "interface name should be less than 16 characters")
    }
    guard name != ".", name != ".." else { throw refuse("interface name is . or ..") }
    for scalar in name.unicodeScalars where scalar == "/" || scalar == ":" || scalar.properties.isWhitespace {
      throw refuse("interface name contains / or : or whitespace characters")
    }
    // What Environment makes of bytes that are not UTF-8: many names would become one.
    guard !name.unicodeScalars.contains("\u{fffd}") else { throw refuse("interface name is not UTF-8") }
    // The kernel makes eth0 of eth%d, or eth1: an interface that nobody finds by the name that was asked for.
    guard !name.utf8.contains(UInt8(ascii: "%")) else { throw refuse("interface name contains %") }
  }

  /// Checks that the three names of an attachment fit one file name, as libcni joins them. Whoever could not write its
  /// record of the attachment must know before it exists.
  static func checkLength(of attachment: Attachment) throws(PluginError) {
    guard attachment.description.utf8.count <= longestFileName else {
      throw PluginError(
        .invalidEnvironment, "CNI_CONTAINERID, CNI_IFNAME and the network name are too long",
        details: "joined by dashes they have at most \(longestFileName) bytes")
    }
  }

  private static func isName(_ name: String) -> Bool {
    var isFirst = true
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        break
      case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
        if isFirst { return false }
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }
}

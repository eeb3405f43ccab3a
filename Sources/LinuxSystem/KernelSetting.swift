internal import CLinux
internal import SystemPackage

/// A kernel setting below `/proc/sys`, in the network namespace of the calling thread where it is a network setting.
///
/// Names are separated by slashes, so that an interface name may contain dots: `net/ipv4/conf/eth0.100/arp_notify`.
package struct KernelSetting: Sendable {
  /// The name below `/proc/sys`.
  package let name: String

  package init(_ name: String) { self.name = name }

  private var path: String { "/proc/sys/" + name }

  /// The value without the newline at its end.
  package func read() throws(SystemError) -> String {
    var bytes = try readFile(path, limit: 65536)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Writes a value in one `write(2)`, as the kernel expects it.
  package func write(_ value: String) throws(SystemError) {
    let file = try OwnedDescriptor(opening: path, O_WRONLY)
    try writeAll(file.rawValue, Array(value.utf8), subject: path)
  }

  /// Writes a value only where it is another one now.
  ///
  /// - Returns: Whether it was written.
  @discardableResult
  package func ensure(_ value: String) throws(SystemError) -> Bool {
    if try read() == value { return false }
    try write(value)
    return true
  }
}

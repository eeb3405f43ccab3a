internal import CLinux
internal import CNI
internal import LinuxSystem
internal import SystemPackage

/// A kernel setting of the container's network that the configuration gives a value.
struct Sysctl {
  /// The key as the configuration has it: `net.ipv4.conf.IFNAME.arp_filter`.
  let key: String

  /// What is written.
  var value: String

  /// The names below `/proc/sys` that the key can stand for, the likeliest first.
  let readings: [String]

  /// Reads a key.
  ///
  /// A dot in a key stands for a slash, as it does in the reference. Where there is no such setting, a key with both is
  /// read as sysctl(8) reads it, so that the name of an interface may contain a dot: what comes first is the separator
  /// (`net.ipv4.conf.eth0/100.arp_filter`, `net/ipv4/conf/eth0.100/arp_filter`). `IFNAME`, the first one, stands for the
  /// name of the attachment's interface.
  ///
  /// - Throws: Code 7 for what is not below `net`.
  init(key: String, value: String, interfaceName: String) throws(PluginError) {
    self.key = key
    self.value = value
    let slashes = replacing(key, dot: "/", slash: "/")
    let separator = key.unicodeScalars.first { $0 == "." || $0 == "/" }
    let second = separator == "/" ? key : replacing(key, dot: "/", slash: ".")
    var readings: [String] = []
    for reading in [slashes, second] {
      guard let name = settingName(reading, interfaceName: interfaceName), !readings.contains(name) else { continue }
      readings.append(name)
    }
    guard !readings.isEmpty else {
      throw PluginError(.invalidConfiguration, "invalid net sysctl key: \(quoted(slashes))")
    }
    self.readings = readings
  }

  /// Whether another key stands for the same setting.
  func isSame(as other: Sysctl) -> Bool { readings[0] == other.readings[0] }

  /// The setting, in the network namespace of the calling thread.
  ///
  /// - Throws: Code 7 where there is none, or one that cannot be written.
  func writableSetting() throws(PluginError) -> KernelSetting {
    let name = readings.first { access("/proc/sys/\($0)", F_OK) == 0 } ?? readings[0]
    do throws(SystemError) {
      _ = try OwnedDescriptor(opening: "/proc/sys/\(name)", O_WRONLY)
    } catch {
      throw refused(error)
    }
    return KernelSetting(name)
  }

  /// Writes the value.
  ///
  /// - Throws: Code 7 where the kernel does not take it.
  func write(to setting: KernelSetting) throws(PluginError) {
    do throws(SystemError) { try setting.write(value) } catch { throw refused(error) }
  }

  private func refused(_ error: SystemError) -> PluginError {
    PluginError(.invalidConfiguration, "sysctl \(quoted(key)): value \(quoted(value)): \(error)")
  }

  /// Compares the setting with the value. The kernel prints tabs between several numbers, and takes blanks, too.
  ///
  /// - Throws: Where they differ.
  func check() throws(PluginError) {
    let setting = try writableSetting()
    let current: String
    do throws(SystemError) {
      current = try setting.read()
    } catch {
      // Such as net/ipv4/route/flush: what was written shows nowhere.
      if error.code == .permissionDenied { return }
      throw PluginError(error)
    }
    if words(current) == words(value) { return }
    throw PluginError(
      "Error: Tuning configured value of /proc/sys/\(setting.name) is \(value), current value is \(current)")
  }
}

/// Gives dots and slashes other characters.
private func replacing(_ key: String, dot: Unicode.Scalar, slash: Unicode.Scalar) -> String {
  var text = ""
  for scalar in key.unicodeScalars {
    switch scalar {
    case ".": text.unicodeScalars.append(dot)
    case "/": text.unicodeScalars.append(slash)
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text
}

/// The name below `/proc/sys` that a path with slashes stands for; nil for one that leads out of `net`.
private func settingName(_ path: String, interfaceName: String) -> String? {
  var name = ""
  for part in substitutingInterfaceName(path, interfaceName).utf8.split(separator: UInt8(ascii: "/")) {
    let part = String(Substring(part))
    if part == "." || part == ".." { return nil }
    name += name.isEmpty ? part : "/\(part)"
  }
  return name.hasPrefix("net/") ? name : nil
}

/// Puts the interface's name in the place of the first `IFNAME`.
private func substitutingInterfaceName(_ path: String, _ interfaceName: String) -> String {
  let text = Array(path.utf8)
  let mark = Array("IFNAME".utf8)
  var start = 0
  while start + mark.count <= text.count {
    if text[start..<start + mark.count].elementsEqual(mark) {
      return String(decoding: text[..<start] + interfaceName.utf8 + text[(start + mark.count)...], as: UTF8.self)
    }
    start += 1
  }
  return path
}

/// The bytes of a text with one blank between its words and none around them.
private func words(_ text: String) -> [UInt8] {
  var result: [UInt8] = []
  var isBetweenWords = false
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"): isBetweenWords = true
    default:
      if isBetweenWords && !result.isEmpty { result.append(UInt8(ascii: " ")) }
      isBetweenWords = false
      result.append(byte)
    }
  }
  return result
}

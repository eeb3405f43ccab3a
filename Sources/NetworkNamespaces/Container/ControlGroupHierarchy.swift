internal import LinuxSystem
internal import SystemPackage

/// The hierarchy of control groups that is searched for containers: version 2, or the memory controller's of version 1.
struct ControlGroupHierarchy {
  enum Version { case one, two }

  let version: Version

  /// Where it is mounted.
  let root: String

  /// The file in each group that lists its processes.
  var processFile: String {
    switch version {
    case .one: "tasks"
    case .two: "cgroup.procs"
    }
  }

  /// The first that is mounted, as a file like `/proc/mounts` tells; `nil` where none is.
  init?(mountsFile path: String) throws(SystemError) {
    let mounts = String(decoding: try readFile(path, limit: 16 << 20), as: UTF8.self)
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count == 6 else { continue }
      switch fields[2] {
      case "cgroup2": version = .two
      case "cgroup" where fields[3].split(separator: ",").contains("memory"): version = .one
      default: continue
      }
      root = unescaped(fields[1])
      return
    }
    return nil
  }

  /// The group of a process in this hierarchy, as a file like `/proc/<pid>/cgroup` tells; `nil` where it has none.
  func group(inFile path: String) throws(SystemError) -> String? {
    let groups = String(decoding: try readFile(path), as: UTF8.self)
    for line in groups.split(separator: "\n") {
      // "4:memory:/docker", "0::/system.slice": a number, the controllers, the group, which may contain colons.
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isThis =
        switch version {
        case .one: fields[1].split(separator: ",").contains("memory")
        case .two: fields[1].isEmpty
        }
      if isThis { return String(fields[2]) }
    }
    return nil
  }

  /// The first process that is in a group; `nil` where there is none, or none that this process's `/proc` shows.
  ///
  /// Groups below it are not looked at: they may be those of containers within the container.
  func firstProcess(inGroup path: String) throws(SystemError) -> CInt? {
    let processes: String
    do throws(SystemError) {
      processes = String(decoding: try readFile("\(path)/\(processFile)", limit: 16 << 20), as: UTF8.self)
    } catch {
      // The group went away since it was found, or is one of version 2 whose processes only its threads' groups list.
      if error.isNotFound || error.code == .noSuchDevice || error.code == .notSupported { return nil }
      throw error
    }
    // A process of another process namespace is listed as 0.
    guard let first = processes.split(separator: "\n").first, let number = CInt(first), number > 0 else { return nil }
    return number
  }
}

/// A path as `/proc/mounts` spells it, with blanks and backslashes as three octal digits: `\040`.
private func unescaped(_ field: Substring) -> String {
  var bytes: [UInt8] = []
  var rest = Array(field.utf8)[...]
  while let byte = rest.popFirst() {
    let digits = rest.prefix(3)
    if byte == UInt8(ascii: "\\"), digits.count == 3,
      let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
    {
      bytes.append(value)
      rest.removeFirst(3)
    } else {
      bytes.append(byte)
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

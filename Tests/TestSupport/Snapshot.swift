internal import CLinux
internal import LinuxSystem

/// What is there: links, addresses, routes, rules, permanent neighbours, queueing disciplines, packet rules and network
/// settings of a host and its containers, and the files in the host's own directories; as lines of text in a stable
/// order, each with its place in front.
///
/// Two of them tell what a call left behind.
package struct Snapshot: Sendable, Equatable {
  package let lines: [String]

  /// Looks at a host and those of its containers that are named.
  package init(of host: Host, _ containers: [Container] = []) throws {
    var lines = try host.run { try networkLines("host") + fileLines(Host.privateDirectories) }
    for container in containers {
      lines += try container.run { try networkLines(container.name) }
    }
    self.lines = lines.sorted()
  }

  /// What differs: a line that is gone begins with `- `, a new one with `+ `.
  package func changes(since earlier: Snapshot) -> [String] {
    lines.difference(from: earlier.lines).map { change in
      switch change {
      case .insert(_, let line, _): "+ \(line)"
      case .remove(_, let line, _): "- \(line)"
      }
    }
  }
}

/// The state of the calling thread's network namespace.
private func networkLines(_ place: String) throws -> [String] {
  let looks: [(String, Command)] = [
    ("ip", Command("/usr/sbin/ip", ["-o", "-d", "-batch", "-"], input: lines("link show", "addr show", "neigh show nud permanent"))),
    ("ip4", Command("/usr/sbin/ip", ["-4", "-o", "-d", "-batch", "-"], input: lines("route show table all", "rule show"))),
    ("ip6", Command("/usr/sbin/ip", ["-6", "-o", "-d", "-batch", "-"], input: lines("route show table all", "rule show"))),
    ("qdisc", Command("/usr/sbin/tc", ["qdisc", "show"])),
    ("nft", Command("/usr/sbin/nft", ["list", "ruleset"])),
  ]
  var result: [String] = []
  for (kind, command) in looks where access(command.path, X_OK) == 0 {
    let outcome = try command.run()
    guard outcome.status == 0 else { throw HarnessError("\(command.path) \(command.arguments): \(outcome)") }
    for line in outcome.text.split(separator: "\n") { result.append("\(place) \(kind): \(steady(line))") }
  }
  return result + settingLines(place)
}

private func lines(_ lines: String...) -> [UInt8] { Array((lines.joined(separator: "\n") + "\n").utf8) }

/// A line of `ip` without what changes by itself: timers, the progress of duplicate address detection, remaining times.
private func steady(_ line: Substring) -> String {
  var words = line.split(separator: " ")
  while let timer = words.firstIndex(where: { $0.hasSuffix("_timer") }), timer + 1 < words.count {
    words.removeSubrange(timer...timer + 1)
  }
  words.removeAll { $0 == "tentative" }
  return words.joined(separator: " ")
}

/// Every readable setting below `/proc/sys/net`, of the calling thread's network namespace.
private func settingLines(_ place: String) -> [String] {
  let root = "/proc/sys/net"
  return files(below: root).compactMap { path in
    let setting = String(path.dropFirst("/proc/sys/".count))
    guard !countingSettings.contains(setting), let value = try? KernelSetting(setting).read() else { return nil }
    return "\(place) setting: \(setting) = \(value)"
  }
}

/// Settings that are no settings, but change by themselves.
private let countingSettings: Set = ["net/netfilter/nf_conntrack_count"]

/// The files and directories below some directories, with their contents. Nothing below a mount point inside is listed,
/// such as the names of namespaces.
private func fileLines(_ directories: [String]) throws -> [String] {
  directories.flatMap { directory in
    files(below: directory, includingDirectories: true).map { path in
      guard let content = try? readFile(path, limit: 1 << 20) else { return "file \(path)" }
      return "file \(path) \(quoted(String(decoding: content, as: UTF8.self)))"
    }
  }
}

private func files(below directory: String, includingDirectories: Bool = false) -> [String] {
  guard let names = try? namesInDirectory(directory) else { return [] }
  return names.flatMap { name -> [String] in
    let path = "\(directory)/\(name)"
    var status = stat()
    guard lstat(path, &status) == 0 else { return [] }
    guard status.st_mode & S_IFMT == S_IFDIR else { return [path] }
    return (includingDirectories ? ["\(path)/"] : []) + files(below: path, includingDirectories: includingDirectories)
  }
}

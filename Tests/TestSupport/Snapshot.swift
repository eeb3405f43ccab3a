internal import CLinux
internal import LinuxSystem

/// What is there: links, addresses, routes, rules, permanent neighbours, queueing disciplines, packet rules and network
/// settings of a host and its containers, and the files in the host's own directories.
///
/// Two of them tell what a call left behind.
package struct Snapshot: Sendable {
  /// One line for each object, with its place in front.
  private let objects: Set<String>

  /// The values of the settings below `/proc/sys/net`, each by its place and name.
  private let settings: [String: String]

  /// The containers that were there to be looked at.
  private let places: Set<String>

  /// Looks at a host and those of its containers that are named and still there.
  package init(of host: Host, _ containers: [Container] = []) throws {
    var (objects, settings) = try host.run {
      (try networkObjects("host") + fileLines(Host.privateDirectories), networkSettings("host"))
    }
    let present = try containers.filter { try $0.exists() }
    places = Set(present.map(\.name))
    for container in present {
      try container.run {
        objects += try networkObjects(container.name)
        settings.merge(networkSettings(container.name)) { $1 }
      }
    }
    self.objects = Set(objects)
    self.settings = settings
  }

  /// What differs, in a stable order: a line for an object that is gone begins with `- `, for a new one with `+ `, and
  /// for a setting that has another value with `~ `. The settings that come and go with a link are not listed: the link
  /// is; and nothing is listed of a container that is gone as a whole.
  package func changes(since earlier: Snapshot) -> [String] {
    let changedSettings = settings.compactMap { name, value -> String? in
      guard let old = earlier.settings[name], old != value else { return nil }
      return "~ \(name): \(old) -> \(value)"
    }
    let gone = earlier.places.subtracting(places)
    let earlierObjects = earlier.objects.filter { line in !gone.contains { line.hasPrefix("\($0) ") } }
    return earlierObjects.subtracting(objects).map { "- \($0)" }.sorted()
      + objects.subtracting(earlierObjects).map { "+ \($0)" }.sorted() + changedSettings.sorted()
  }
}

/// The state of the calling thread's network namespace.
private func networkObjects(_ place: String) throws -> [String] {
  let looks: [(String, Program)] = [
    (
      "ip",
      Program(
        "/usr/sbin/ip", ["-o", "-d", "-batch", "-"], input: lines("link show", "addr show", "neigh show nud permanent"))
    ),
    (
      "ip4",
      Program("/usr/sbin/ip", ["-4", "-o", "-d", "-batch", "-"], input: lines("route show table all", "rule show"))
    ),
    (
      "ip6",
      Program("/usr/sbin/ip", ["-6", "-o", "-d", "-batch", "-"], input: lines("route show table all", "rule show"))
    ),
    ("qdisc", Program("/usr/sbin/tc", ["qdisc", "show"])),
    ("nft", Program("/usr/sbin/nft", ["--stateless", "list", "ruleset"])),
  ]
  var result: [String] = []
  for (kind, command) in looks where access(command.path, X_OK) == 0 {
    let outcome = try command.run()
    guard outcome.status == 0 else { throw HarnessError("\(command.path) \(command.arguments): \(outcome)") }
    let lines = kind == "nft" ? packetRuleLines(outcome.text).map { $0[...] } : outcome.text.split(separator: "\n")
    for line in lines { result.append("\(place) \(kind): \(steady(line))") }
  }
  return result
}

private func lines(_ lines: String...) -> [UInt8] { Array((lines.joined(separator: "\n") + "\n").utf8) }

/// A line of `ip` without what changes by itself: timers, the progress of duplicate address detection, remaining times,
/// and whether there is anybody at the other end, which the kernel notices a little later.
private func steady(_ line: Substring) -> String {
  var words = line.split(separator: " ").map(String.init)
  while let timer = words.firstIndex(where: { $0.hasSuffix("_timer") }), timer + 1 < words.count {
    words.removeSubrange(timer...timer + 1)
  }
  let carrier: Set = ["UP", "DOWN", "UNKNOWN", "LOWERLAYERDOWN"]
  words.removeAll { $0 == "tentative" || $0 == "linkdown" || carrier.contains($0) }
  return words.joined(separator: " ").replacing("NO-CARRIER,", with: "").replacing(",LOWER_UP", with: "")
}

/// Every readable setting of the calling thread's network namespace.
private func networkSettings(_ place: String) -> [String: String] {
  let settings = files(below: "/proc/sys/net").compactMap { path -> (String, String)? in
    let setting = String(path.dropFirst("/proc/sys/".count))
    guard !countingSettings.contains(setting), let value = content(of: path) else { return nil }
    return ("\(place) setting: \(setting)", value.filter { $0 != "\n" })
  }
  return Dictionary(settings) { $1 }
}

/// Settings that are no settings, but change by themselves.
private let countingSettings: Set = ["net/netfilter/nf_conntrack_count"]

/// The files and directories below some directories, with their contents. Nothing below a mount point inside is listed,
/// such as the names of namespaces.
private func fileLines(_ directories: [String]) throws -> [String] {
  directories.flatMap { directory in
    files(below: directory, includingDirectories: true).map { path in
      content(of: path).map { "file \(path) \(quoted($0))" } ?? "file \(path)"
    }
  }
}

/// The first 64 KiB of a file; nil where it cannot be read. There are a thousand settings to a snapshot: they go into one
/// buffer each without a detour.
private func content(of path: String) -> String? {
  guard let file = try? OwnedDescriptor(opening: path, O_RDONLY | O_NONBLOCK) else { return nil }
  return withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
    let count = read(file.rawValue, buffer.baseAddress, buffer.count)
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }
}

private func files(below directory: String, includingDirectories: Bool = false) -> [String] {
  guard let names = try? namesInDirectory(directory) else { return [] }
  return names.flatMap { name -> [String] in
    let path = "\(directory)/\(name)"
    var status = stat()
    guard lstat(path, &status) == 0 else { return [] }
    guard status.st_mode & UInt32(S_IFMT) == UInt32(S_IFDIR) else { return [path] }
    return (includingDirectories ? ["\(path)/"] : []) + files(below: path, includingDirectories: includingDirectories)
  }
}

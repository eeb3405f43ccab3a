internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// What the control groups tell of a container.
enum ControlGroupFinding {
  /// It is running: one of its processes.
  case process(CInt)
  /// It has a group, and no process in it that can be seen from here.
  case idle(id: String)
  /// Several containers fit: their ids.
  case several([String])
  /// There is no such container.
  case absent
  /// Not everything could be searched: no hierarchy is mounted, or the daemon's own group is not known.
  case unknown
}

/// The group of one container.
private struct ContainerGroup {
  let id: String
  let path: String
}

extension ContainerLookup {
  /// Searches all layouts for the one container whose id begins with the prefix.
  ///
  /// All, and not only up to the first that matches: a prefix that fits a container of docker and one of nerdctl is
  /// ambiguous. One container in several layouts is not.
  func searchControlGroups(_ idPrefix: String) throws(SystemError) -> ControlGroupFinding {
    guard let hierarchy = try ControlGroupHierarchy(mountsFile: mountsFile) else { return .unknown }
    let daemonGroup = try daemonGroup(in: hierarchy)
    var containers: [ContainerGroup] = []
    for layout in ControlGroupLayout.all {
      guard let origin = hierarchy.path(of: layout.origin, daemonGroup: daemonGroup) else { continue }
      for group in try hierarchy.groups(below: origin, layout.steps[...], idPrefix: idPrefix)
      where !containers.contains(where: { $0.id == group.id }) {
        containers.append(group)
      }
    }
    guard let container = containers.first else { return daemonGroup == nil ? .unknown : .absent }
    guard containers.count == 1 else { return .several(containers.map(\.id)) }
    guard let processID = try hierarchy.firstProcess(inGroup: container.path) else { return .idle(id: container.id) }
    return .process(processID)
  }

  /// The group in which the daemon runs; `nil` where there is no daemon that left its process id behind.
  private func daemonGroup(in hierarchy: ControlGroupHierarchy) throws(SystemError) -> String? {
    do throws(SystemError) {
      let file = String(decoding: try readFile(daemonProcessFile), as: UTF8.self)
      guard let line = file.split(separator: "\n").first, let processID = CInt(line), processID > 0 else { return nil }
      return try hierarchy.group(inFile: "\(processDirectory)/\(processID)/cgroup")
    } catch {
      // No file, or that of a daemon that has ended.
      if error.isNotFound { return nil }
      throw error
    }
  }
}

extension ControlGroupHierarchy {
  /// The directory at which a layout begins; `nil` where the daemon's group is needed and not known.
  fileprivate func path(of origin: ControlGroupLayout.Origin, daemonGroup: String?) -> String? {
    switch origin {
    case .root: root
    case .systemdHierarchy: root + "/../systemd"
    case .daemon: daemonGroup.map { root + $0 }
    }
  }

  /// The groups of containers that the steps of a layout lead to. A directory that is not there has none.
  fileprivate func groups(
    below directory: String, _ steps: ArraySlice<ControlGroupLayout.Step>, idPrefix: String
  ) throws(SystemError) -> [ContainerGroup] {
    guard let step = steps.first else { return [] }
    let rest = steps.dropFirst()
    if step.middle == .nothing { return try groups(below: "\(directory)/\(step.prefix)", rest, idPrefix: idPrefix) }
    var found: [ContainerGroup] = []
    for name in try namesOfGroups(in: directory) {
      guard let middle = step.middle(of: name) else { continue }
      let path = "\(directory)/\(name)"
      if step.middle == .anything {
        found += try groups(below: path, rest, idPrefix: idPrefix)
      } else if middle.hasPrefix(idPrefix), isHexadecimal(middle), hasProcessFile(path) {
        found.append(ContainerGroup(id: String(middle), path: path))
      }
    }
    return found
  }

  private func hasProcessFile(_ group: String) -> Bool { access("\(group)/\(processFile)", F_OK) == 0 }
}

private func namesOfGroups(in directory: String) throws(SystemError) -> [String] {
  do throws(SystemError) {
    return try namesInDirectory(directory)
  } catch {
    // Not there, a file among the groups (a group's settings are files), or gone while it was read.
    let absence: [Errno] = [.noSuchFileOrDirectory, .notDirectory, .noSuchDevice]
    if absence.contains(error.code) { return [] }
    throw error
  }
}

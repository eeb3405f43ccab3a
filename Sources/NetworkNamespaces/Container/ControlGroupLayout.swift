/// A place in the tree of control groups where an engine puts its containers: one directory per container, its name
/// made of the container's id.
struct ControlGroupLayout: Sendable {
  /// Where the place is looked for.
  enum Origin: Sendable {
    /// The control group in which the docker daemon itself runs.
    case daemon
    /// The root of the hierarchy.
    case root
    /// The hierarchy `systemd` beside it, which has a name and no controller.
    case systemdHierarchy
  }

  /// One directory on the way: a name, a name with `*` for any characters, or one with the container's id in it.
  struct Step: Sendable, ExpressibleByStringLiteral {
    let prefix: String
    let suffix: String
    let middle: Middle

    enum Middle: Sendable { case nothing, anything, containerID }

    init(stringLiteral pattern: String) {
      guard let star = pattern.firstIndex(of: "*") else {
        self.init(prefix: pattern, .nothing)
        return
      }
      self.init(prefix: String(pattern[..<star]), .anything, suffix: String(pattern[pattern.index(after: star)...]))
    }

    private init(prefix: String, _ middle: Middle, suffix: String = "") {
      self.prefix = prefix
      self.middle = middle
      self.suffix = suffix
    }

    /// The id alone.
    static let id = Step(prefix: "", .containerID)

    /// The unit that systemd keeps for a container: `docker-<id>.scope`.
    static func scope(_ engine: String) -> Step { Step(prefix: engine + "-", .containerID, suffix: ".scope") }

    /// What a name has in place of `*` or the id; `nil` where the name does not fit.
    func middle(of name: String) -> Substring? {
      guard name.utf8.count >= prefix.utf8.count + suffix.utf8.count, name.hasPrefix(prefix), name.hasSuffix(suffix)
      else { return nil }
      return name.dropFirst(prefix.count).dropLast(suffix.count)
    }
  }

  let origin: Origin
  let steps: [Step]

  init(_ origin: Origin, _ steps: Step...) {
    self.origin = origin
    self.steps = steps
  }

  /// All that engines use, in the order in which Go's `netns` tries them.
  static let all = [
    // Docker by itself: its first releases, with lxc, with a cgroupfs of its own.
    ControlGroupLayout(.daemon, .id),
    ControlGroupLayout(.daemon, "lxc", .id),
    ControlGroupLayout(.daemon, "docker", .id),
    // Docker under systemd.
    ControlGroupLayout(.root, "system.slice", .scope("docker")),
    // Docker where it finds its place by the named hierarchy.
    ControlGroupLayout(.systemdHierarchy, "docker", .id),
    // Kubernetes without systemd: burstable and best-effort pods have one directory more than guaranteed ones.
    ControlGroupLayout(.systemdHierarchy, "kubepods", "*", "pod*", .id),
    ControlGroupLayout(.systemdHierarchy, "kubepods", "pod*", .id),
    // Kubernetes under systemd, below the daemon's group and (seen from inside a container) below the root.
    ControlGroupLayout(.daemon, "kubepods.slice", "*.slice", "*", .scope("docker")),
    ControlGroupLayout(.daemon, "kubepods.slice", "*", .scope("docker")),
    ControlGroupLayout(.root, "kubepods.slice", "*.slice", "*", .scope("docker")),
    ControlGroupLayout(.root, "kubepods.slice", "*", .scope("docker")),
    // Relatives that run containerd.
    ControlGroupLayout(.root, "system.slice", .scope("nerdctl")),
    ControlGroupLayout(.systemdHierarchy, "finch", .id),
  ]
}

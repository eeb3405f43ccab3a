import LinuxSystem
import NetworkNamespaces
import SystemPackage
import Testing

@Suite("A container in the control groups")
struct ControlGroupTests {
  private typealias Fixture = EngineFixture

  /// Every layout, below a daemon in the group `/engine`.
  static let layouts = [
    "engine/ID", "engine/lxc/ID", "engine/docker/ID", "system.slice/docker-ID.scope", "../systemd/docker/ID",
    "../systemd/kubepods/burstable/pod0d0c/ID", "../systemd/kubepods/pod0d0c/ID",
    "engine/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/docker-ID.scope",
    "engine/kubepods.slice/kubepods-pod1.slice/docker-ID.scope",
    "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/docker-ID.scope",
    "kubepods.slice/kubepods-pod1.slice/docker-ID.scope", "system.slice/nerdctl-ID.scope", "../systemd/finch/ID",
  ]

  @Test("is found in each layout", arguments: layouts, EngineFixture.Version.allCases)
  func layout(layout: String, version: EngineFixture.Version) throws {
    let fixture = try Fixture(version)
    try fixture.add(layout.replacing("ID", with: Fixture.id), processes: "77\n78\n")
    // Neighbours that a looser match would find.
    try fixture.add("engine", processes: "\(Fixture.daemon)\n")
    try fixture.add(layout.replacing("ID", with: String(repeating: "e", count: 64)), processes: "99\n")
    try fixture.add("engine/3f9a-not-a-container", processes: "99\n")
    for length in [1, 4, 12, 64] {
      #expect(try fixture.lookup.processID(idPrefix: String(Fixture.id.prefix(length))) == 77)
    }
    #expect(throws: ContainerLookupError.notFound(prefix: "3f9a0123f")) {
      try fixture.lookup.processID(idPrefix: "3f9a0123f")
    }
  }

  @Test("below a daemon in the root group", arguments: EngineFixture.Version.allCases)
  func daemonInRoot(version: EngineFixture.Version) throws {
    let fixture = try Fixture(version, daemonGroup: "/")
    try fixture.add("docker/\(Fixture.id)", processes: "77\n")
    #expect(try fixture.lookup.processID(idPrefix: "3f9a") == 77)
  }

  @Test("of a relative of docker is found where no daemon runs")
  func withoutDaemon() throws {
    let fixture = try Fixture(.two, daemonGroup: nil)
    try fixture.add("system.slice/nerdctl-\(Fixture.id).scope", processes: "77\n")
    #expect(try fixture.lookup.processID(idPrefix: "3f9a") == 77)
    #expect(throws: ContainerLookupError.noEngine(SystemError("connect", .noSuchFileOrDirectory, on: fixture.socket))) {
      try fixture.lookup.processID(idPrefix: "4")
    }
  }

  @Test("is ambiguous where two begin alike, in one layout or in two")
  func ambiguous() throws {
    let fixture = try Fixture(.one)
    try fixture.add("engine/docker/\(Fixture.id)", processes: "77\n")
    try fixture.add("system.slice/nerdctl-\(Fixture.sibling).scope", processes: "78\n")
    let error = #expect(throws: ContainerLookupError.self) { try fixture.lookup.processID(idPrefix: "3f9") }
    #expect(error == .ambiguous(prefix: "3f9", candidates: [Fixture.id, Fixture.sibling]))
    #expect(try fixture.lookup.processID(idPrefix: "3f9a") == 77)
    #expect(try fixture.lookup.processID(idPrefix: "3f9b") == 78)
    try fixture.add("engine/docker/\(Fixture.sibling)", processes: "78\n")
    #expect(throws: ContainerLookupError.self) { try fixture.lookup.processID(idPrefix: "3f9") }
  }

  @Test("in two layouts at once is one container")
  func twice() throws {
    let fixture = try Fixture(.one)
    try fixture.add("engine/docker/\(Fixture.id)", processes: "77\n")
    try fixture.add("../systemd/docker/\(Fixture.id)", processes: "77\n")
    #expect(try fixture.lookup.processID(idPrefix: "3") == 77)
  }

  @Test(
    "that has no process to be seen from here is not running",
    arguments: ["", "\n", "0\n", "-5\n", "many\n", "99999999999999999999\n"])
  func idle(processes: String) throws {
    let fixture = try Fixture(.two)
    try fixture.add("engine/docker/\(Fixture.id)", processes: processes)
    #expect(throws: ContainerLookupError.notRunning(id: Fixture.id)) { try fixture.lookup.processID(idPrefix: "3f9a") }
  }

  @Test("is not looked for by anything but the digits of an id")
  func invalidPrefix() throws {
    let lookup = try Fixture(.one).lookup
    #expect(throws: ContainerLookupError.emptyPrefix) { try lookup.processID(idPrefix: "") }
    let invalid = [
      "*", "3f9?", "[0-9]", "..", "3f9a/..", "3F9A", "web", " 3f9a", "3f9a\0", String(repeating: "0", count: 65),
    ]
    for prefix in invalid {
      #expect(throws: ContainerLookupError.invalidPrefix(prefix)) { try lookup.processID(idPrefix: prefix) }
    }
  }

  @Test(
    "is not found where no control groups are mounted and no engine listens",
    arguments: ["", "proc /proc proc rw 0 0\n"])
  func noHierarchy(mounts: String) throws {
    let fixture = try Fixture(.one, mounts: mounts)
    let error = #expect(throws: ContainerLookupError.self) { try fixture.lookup.processID(idPrefix: "3f9a") }
    #expect(error?.description == "no container engine found: connect \"\(fixture.socket)\": no such file or directory")
  }

  @Test("a hierarchy whose path has a blank", arguments: EngineFixture.Version.allCases)
  func escapedMountPoint(version: EngineFixture.Version) throws {
    let directory = try TemporaryDirectory()
    let escaped = "\(directory.path)/with\\040blank"
    let type = version == .one ? "cgroup rw,memory" : "cgroup2 rw"
    let fixture = try Fixture(version, mounts: "cgroup \(escaped) \(type) 0 0\n")
    try directory.write("77\n", to: "with blank/system.slice/docker-\(Fixture.id).scope/\(version.processFile)")
    #expect(try fixture.lookup.processID(idPrefix: "3f9a") == 77)
  }

  @Test("the first hierarchy that is mounted is searched")
  func hybrid() throws {
    let fixture = try Fixture(.two)
    let mounts = "cgroup2 \(fixture.root) cgroup2 rw 0 0\ncgroup /nowhere cgroup rw,memory 0 0\n"
    try fixture.directory.write(mounts, to: "mounts")
    try fixture.add("engine/docker/\(Fixture.id)", processes: "77\n")
    #expect(try fixture.lookup.processID(idPrefix: "3f9a") == 77)
  }

  @Test(
    "a daemon's file that is empty, garbled or stale is no daemon", arguments: ["", "\n", "docker\n", "-1\n", "4243\n"])
  func daemonFile(text: String) throws {
    let fixture = try Fixture(.one)
    try fixture.directory.write(text, to: "docker.pid")
    try fixture.add("engine/docker/\(Fixture.id)", processes: "77\n")
    try fixture.add("system.slice/docker-\(Fixture.sibling).scope", processes: "78\n")
    #expect(try fixture.lookup.processID(idPrefix: "3f9") == 78)
  }
}

import LinuxSystem
import NetworkNamespaces
import TestSupport
import Testing

@Suite("A container of a real docker daemon")
struct DockerTests {
  @Test("is found by the control groups and by the engine, and both lead to its namespace")
  func real() throws {
    let daemon = try DockerDaemon.running()
    let id = try daemon.start()
    let inspected = try daemon.docker("inspect --format '{{.State.Pid}}'", id).text
    let processID = try #require(CInt(inspected.filter { $0 != "\n" }))
    let expected = try NetworkNamespace.ofProcess(processID).identity
    #expect(try expected != NetworkNamespace.current().identity)

    let byControlGroups = ContainerLookup(daemonProcessFile: daemon.processFile, engineSocket: "/nowhere")
    let noMounts = try daemon.directory.write("", to: "mounts")
    let byEngine = ContainerLookup(mountsFile: noMounts, engineSocket: daemon.socket)
    for lookup in [byControlGroups, byEngine] {
      for length in [12, 64] {
        #expect(try lookup.namespace(idPrefix: String(id.prefix(length))).identity == expected)
      }
      let absent = String(repeating: id.hasPrefix("0") ? "1" : "0", count: 64)
      #expect(throws: ContainerLookupError.notFound(prefix: absent)) { try lookup.processID(idPrefix: absent) }
    }

    // Of 17 ids, two begin with the same digit.
    var ids = [id]
    while Set(ids.map(\.first)).count == ids.count { ids.append(try daemon.create()) }
    let last = try #require(ids.last)
    let prefix = String(last.prefix(1))
    #expect(throws: ContainerLookupError.ambiguous(prefix: prefix, candidates: [])) {
      try byEngine.processID(idPrefix: prefix)
    }
    #expect(throws: ContainerLookupError.notRunning(id: last)) { try byEngine.processID(idPrefix: last) }
  }
}

@testable import CNI
import CLinux
import JSON
import LinuxSystem
import NetworkAddresses
import TestSupport
import Testing

/// Real processes: shell scripts that play the delegate.
@Suite("A delegate of another executable")
struct DelegateProcessTests {
  private let directory: TemporaryDirectory
  private let environment: [String: String]

  init() throws {
    directory = try TemporaryDirectory()
    environment = variables("ADD", ["CNI_PATH": directory.path, "PATH": "/usr/bin:/bin"])
  }

  /// What the plugin `ipam` answers that is this script.
  private func add(
    _ script: String, version: String = "1.1.0", members: String = "", environment changes: [String: String] = [:]
  ) throws -> AttachmentResult {
    try directory.script("ipam", script)
    return try again(version: version, members: members, environment: changes)
  }

  private func again(
    version: String = "1.1.0", members: String = "", environment changes: [String: String] = [:]
  ) throws -> AttachmentResult {
    try inCall(environment.merging(changes) { $1 }, configuration(version, members)) { call throws(PluginError) in
      try Delegate.find("ipam", for: call).add(call)
    }
  }

  private func refusal(_ script: String) -> PluginError? {
    do {
      _ = try add(script)
      return nil
    } catch {
      return error as? PluginError
    }
  }

  private let expected = AttachmentResult(addresses: [AttachmentAddress(address: cidr("10.1.0.7/24"))])

  // MARK: The result

  @Test(
    "has the version that it says, or the configuration's",
    arguments: [
      ("1.1.0", #"{"ips": [{"address": "10.1.0.7/24"}]}"#),
      ("1.1.0", #"{"cniVersion": "", "ips": [{"address": "10.1.0.7/24"}]}"#),
      ("1.1.0", #"{"cniVersion": "0.2.0", "ip4": {"ip": "10.1.0.7/24"}}"#),
      ("0.2.0", #"{"ip4": {"ip": "10.1.0.7/24"}}"#),
      ("0.2.0", #"{"cniVersion": "0.4.0", "ips": [{"version": "4", "address": "10.1.0.7/24"}]}"#),
    ])
  func resultVersion(version: String, output: String) throws {
    #expect(try add("echo '\(output)'", version: version) == expected)
  }

  @Test("may be null, which is empty")
  func null() throws {
    #expect(try add("echo null") == AttachmentResult())
  }

  @Test("of an unknown version, or none at all, is an error")
  func unreadable() throws {
    #expect(refusal(#"echo '{"cniVersion": "3.0.0"}'"#)?.message == #"unsupported CNI result version "3.0.0""#)
    #expect(refusal("true")?.message == "failed to unmarshal raw result: unexpected end of JSON input")
    #expect(refusal("echo '{} {}'")?.message.hasPrefix("failed to unmarshal raw result: ") == true)
  }

  // MARK: Errors

  @Test("its error object comes through unchanged")
  func errorObject() {
    #expect(
      refusal(#"echo '{"cniVersion": "0.4.0", "code": 11, "msg": "later", "details": "lock"}'; exit 1"#)
        == PluginError(.tryAgain, "later", details: "lock"))
  }

  @Test("a code that nobody knows survives")
  func unknownCode() {
    #expect(refusal(#"echo '{"code": 4711, "msg": "m"}'; exit 3"#) == PluginError(ErrorCode(rawValue: 4711), "m"))
  }

  @Test(
    "no error object: the exit status or the signal",
    arguments: [
      ("exit 3", "exit status 3"), ("kill -KILL $$", "signal: killed"), ("kill -SEGV $$", "signal: segmentation fault"),
    ])
  func silent(script: String, text: String) {
    #expect(refusal(script) == PluginError("netplugin failed with no error message: \(text)"))
  }

  @Test(
    "what is no error object is shown",
    arguments: ["panic", "[]", "{}", #"{"code": "7", "msg": "m"}"#, #"{"ips": []}"#])
  func diagnostic(output: String) {
    let shown = quoted(output + "\n")
    #expect(
      refusal("echo '\(output)'; exit 2")?.message.hasPrefix(
        "netplugin failed but error parsing its diagnostic message \(shown): ") == true)
  }

  @Test("what cannot be executed says why")
  func notExecutable() throws {
    try directory.script("ipam", "true", mode: 0o644)
    let path = "\(directory.path)/ipam"
    #expect(throws: PluginError("netplugin failed with no error message: fork/exec \(path): permission denied")) {
      try again()
    }
  }

  // MARK: What it gets

  @Test("the other verbs print nothing that counts", arguments: [CNI.Command.delete, .check, .collectGarbage, .status])
  func verbs(command: CNI.Command) throws {
    try directory.script("ipam", "echo \"$CNI_COMMAND\" > \(directory.path)/command; echo garbage")
    try inCall(environment) { call throws(PluginError) in
      let delegate = try Delegate.find("ipam", for: call)
      switch command {
      case .delete: try delegate.delete(call)
      case .check: try delegate.check(call)
      case .collectGarbage: try delegate.collectGarbage(call)
      case .status: try delegate.status(call)
      case .add, .version: break
      }
    }
    #expect(try readFile("\(directory.path)/command") == Array("\(command.rawValue)\n".utf8))
  }

  @Test("the environment with nothing but the command replaced")
  func environmentOfDelegate() throws {
    let others = ["CNI_ARGS": "IP=10.1.0.7;X='\"$", "TRACEPARENT": "00-1", "EMPTY": "", "CNI_COMMANDS": "stays"]
    try directory.script(
      "ipam",
      #"tr '\0' '\n' < /proc/$$/environ > "#  // what the shell itself got, duplicates too
        + "\(directory.path)/environment")
    try inCall(environment.merging(others) { $1 }) { call throws(PluginError) in
      try Delegate.find("ipam", for: call).delete(call)
    }
    let lines = String(decoding: try readFile("\(directory.path)/environment"), as: UTF8.self).split(separator: "\n")
    for (name, value) in environment.merging(others, uniquingKeysWith: { $1 }) {
      #expect(lines.contains("\(name)=\(name == "CNI_COMMAND" ? "DEL" : value)"), "\(name)")
    }
    #expect(lines.filter { $0.hasPrefix("CNI_COMMAND=") } == ["CNI_COMMAND=DEL"])
  }

  @Test("stdin as it came, byte by byte")
  func input() throws {
    let text = "  {\"name\":\t\"blue\", \"cniVersion\": \"1.1.0\",\n\"Odd\": 1.50, \"Odd\": \"\\u00e9\" }\n\n"
    try directory.script("ipam", "cat > \(directory.path)/input")
    try inCall(environment, text) { call throws(PluginError) in try Delegate.find("ipam", for: call).delete(call) }
    #expect(try readFile("\(directory.path)/input") == Array(text.utf8))
  }

  @Test("an input and an output that no pipe holds, at once")
  func large() throws {
    let filler = String(repeating: "x", count: 3 << 20)
    let result = try add(
      #"printf '{"ips": [{"address": "10.1.0.7/24"}], "echo": '; cat; printf '}'"#, members: "\"filler\": \"\(filler)\""
    )
    #expect(result == expected)
  }

  @Test("an input that nobody reads is nobody's fault")
  func unread() throws {
    let filler = String(repeating: "x", count: 3 << 20)
    #expect(
      try add(#"echo '{"ips": [{"address": "10.1.0.7/24"}]}'"#, members: "\"filler\": \"\(filler)\"") == expected)
  }

  @Test("an input that is read after stdout was closed")
  func closedFirst() throws {
    let filler = String(repeating: "x", count: 1 << 20)
    #expect(
      try add(
        "echo '{\"ips\": [{\"address\": \"10.1.0.7/24\"}]}'; exec >&-; cat > \(directory.path)/input",
        members: "\"filler\": \"\(filler)\"") == expected)
    #expect(try readFile("\(directory.path)/input", limit: 2 << 20).count > 1 << 20)
  }

  @Test("our stderr, no other descriptor, and no signal ignored")
  func inheritance() throws {
    // A descriptor that an exec would leave open, as some runtimes hand them down.
    let leaked = dup(STDERR_FILENO)
    defer { close(leaked) }
    try directory.script(
      "ipam",
      """
      ls /proc/$$/fd > \(directory.path)/descriptors
      stat -L -c '%d %i' /proc/$$/fd/2 > \(directory.path)/stderr
      grep SigIgn /proc/$$/status > \(directory.path)/ignored
      """)
    try inCall(environment) { call throws(PluginError) in try Delegate.find("ipam", for: call).delete(call) }

    // 10 or more are the shell's own handle on its script.
    let descriptors = String(decoding: try readFile("\(directory.path)/descriptors"), as: UTF8.self)
    #expect(descriptors.split(separator: "\n").compactMap { Int($0) }.filter { $0 < 10 } == [0, 1, 2])

    let own = try FileIdentity(of: STDERR_FILENO)
    #expect(try readFile("\(directory.path)/stderr") == Array("\(own.device) \(own.inode)\n".utf8))

    let ignored = String(decoding: try readFile("\(directory.path)/ignored"), as: UTF8.self)
    let mask = try #require(ignored.split(whereSeparator: { $0.isWhitespace }).last.flatMap { UInt64($0, radix: 16) })
    #expect(mask & (1 << UInt64(SIGPIPE - 1)) == 0)
  }

  @Test("a file that is being written is tried again")
  func busy() throws {
    let path = try directory.script("ipam", #"echo '{"ips": [{"address": "10.1.0.7/24"}]}'"#)
    // The kernel refuses to execute what somebody has open for writing.
    let writer = try OwnedDescriptor(opening: path, O_WRONLY)
    let probe = posixSpawnError(path)
    guard probe == ETXTBSY else {
      try skip("this kernel executes files that are open for writing (\(probe))")
    }
    let closer = try closeSoon(writer.take())
    #expect(try again() == expected)
    pthread_join(closer, nil)
  }

  @Test("no descriptor is left, whatever happens")
  func descriptors() async {
    // Alone in a process: other tests open files.
    await #expect(processExitsWith: .success) {
      let tests = try DelegateProcessTests()
      func round() {
        for script in ["cat; exit 1", "echo '{}'", "exit 3", "echo x; exit 1", "exec >&-; cat > /dev/null"] {
          _ = tests.refusal(script)
        }
        _ = try? tests.directory.script("ipam", "true", mode: 0o644)
        _ = try? tests.again()
      }
      round()
      let before = try openDescriptorCount()
      round()
      let after = try openDescriptorCount()
      guard before == after else { exit(1) }
    }
  }
}

/// The error number with which an executable cannot be started; 0 for one that could.
private func posixSpawnError(_ path: String) -> CInt {
  var process: pid_t = 0
  let argument = strdup(path)
  defer { free(argument) }
  let code = posix_spawn(&process, path, nil, nil, [argument, nil], [nil])
  if code == 0 { waitpid(process, nil, 0) }
  return code
}

/// Closes a descriptor a little later, on a thread of its own: a task would wait for the tests that wait for it.
private func closeSoon(_ descriptor: CInt) throws -> pthread_t {
  var thread = pthread_t()
  let code = pthread_create(
    &thread, nil,
    { argument in
      usleep(200_000)
      close(CInt(Int(bitPattern: argument)))
      return nil
    }, UnsafeMutableRawPointer(bitPattern: Int(descriptor)))
  try #require(code == 0)
  return thread
}

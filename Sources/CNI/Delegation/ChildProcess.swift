internal import CLinux
package import LinuxSystem
internal import SystemPackage

/// Runs another executable: its stdin is fed, its stdout collected, its stderr is ours or collected too.
package enum ChildProcess {
  /// How a process ended.
  package enum Termination: Equatable, CustomStringConvertible {
    case exited(CInt)
    case signalled(CInt)

    /// Reads the status of `waitpid(2)`. The macros for it are not imported.
    init(waitStatus: CInt) {
      let signal = waitStatus & 0x7f
      self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signalled(signal)
    }

    package var description: String {
      switch self {
      case .exited(let status): "exit status \(status)"
      case .signalled(let number): "signal: \(String(cString: strsignal(number)).lowercased())"
      }
    }
  }

  package struct Outcome {
    package let termination: Termination
    package let output: [UInt8]
    /// What came on stderr, where that was asked for.
    package let errors: [UInt8]
  }

  /// Runs an executable to its end.
  ///
  /// - Parameters:
  ///   - arguments: What follows the program's name.
  ///   - name: The environment variable that gets another value; the others stay as they are.
  ///   - input: What the process reads. It need not read it.
  ///   - outputLimit: More bytes on stdout, or on stderr, are the error `EFBIG`.
  ///   - collectsErrors: Whether stderr is collected, instead of being ours.
  ///   - deadline: After so many seconds the process is killed, which is the error `ETIMEDOUT`; nil waits for ever.
  package static func run(
    _ path: String, _ arguments: [String] = [], environment: Environment, replacing name: String, by value: String,
    input: [UInt8], outputLimit: Int, collectsErrors: Bool = false, deadline: Int? = nil
  ) throws(SystemError) -> Outcome {
    let stdin = try Pipe()
    let stdout = try Pipe()
    let stderr = try Pipe()
    let process = try environment.withEntries(replacing: name, by: value) { entries in
      Result { () throws(SystemError) in
        try spawn(
          [path] + arguments, entries, stdin: stdin.reader.rawValue, stdout: stdout.writer.rawValue,
          stderr: collectsErrors ? stderr.writer.rawValue : STDERR_FILENO)
      }
    }.get()

    // Whatever happens from here on, the process must be waited for. It ends, because it finds our ends closed.
    let outputs: Result<[[UInt8]], SystemError>
    do throws(SystemError) {
      outputs = .success(
        try exchange(
          input, stdin: stdin.intoWriter(), stdout: stdout.intoReader(), stderr: stderr.intoReader(),
          limit: outputLimit, deadline: deadline))
    } catch {
      outputs = .failure(error)
      // One that is late may not look at its ends at all.
      if error.code == .timedOut { _ = kill(process, SIGKILL) }
    }
    var status: CInt = 0
    _ = try systemCall("waitpid", on: path) { waitpid(process, &status, 0) }
    let collected = try outputs.get()
    return Outcome(termination: Termination(waitStatus: status), output: collected[0], errors: collected[1])
  }

  /// Starts the executable. One that is being written just now is tried again for a few seconds: somebody installs it.
  private static func spawn(
    _ command: [String], _ environment: [UnsafeMutablePointer<CChar>?], stdin: CInt, stdout: CInt, stderr: CInt
  ) throws(SystemError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, stdin, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, stdout, STDOUT_FILENO)
    if stderr != STDERR_FILENO { posix_spawn_file_actions_adddup2(&actions, stderr, STDERR_FILENO) }
    // Ours close themselves, but not what we inherited.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)

    // We ignore these two; a child that ignored SIGPIPE would not notice that its reader went away.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for code in [SIGPIPE, SIGXFSZ] { sigaddset(&defaults, code) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

    var arguments: [UnsafeMutablePointer<CChar>?] = []
    defer { for argument in arguments { free(argument) } }
    for argument in command { arguments.append(strdup(argument)) }
    arguments.append(nil)
    var pauses = [10, 40, 160, 640, 1000, 1000, 1000].makeIterator()
    while true {
      var process: pid_t = 0
      let code = posix_spawn(&process, command[0], &actions, &attributes, arguments, environment)
      if code == 0 { return process }
      guard code == ETXTBSY, let pause = pauses.next() else {
        throw SystemError("fork/exec", Errno(rawValue: code), on: command[0])
      }
      _ = poll(nil, 0, CInt(pause))
    }
  }
}

/// A pipe whose ends close on `exec`.
private struct Pipe: ~Copyable {
  let reader: OwnedDescriptor
  let writer: OwnedDescriptor

  init() throws(SystemError) {
    var ends: [CInt] = [-1, -1]
    _ = try systemCall("pipe2") { pipe2(&ends, O_CLOEXEC) }
    reader = OwnedDescriptor(owning: ends[0])
    writer = OwnedDescriptor(owning: ends[1])
  }

  /// Closes the writing end.
  consuming func intoReader() -> OwnedDescriptor { reader }

  /// Closes the reading end.
  consuming func intoWriter() -> OwnedDescriptor { writer }
}

/// Writes and reads whatever the other side is ready for, until it has closed its stdout and its stderr and has, or does
/// not want, all of the input. One after the other would come to a standstill where both are longer than a pipe holds.
///
/// - Returns: What came on stdout, and on stderr.
private func exchange(
  _ input: [UInt8], stdin: consuming OwnedDescriptor, stdout: consuming OwnedDescriptor,
  stderr: consuming OwnedDescriptor, limit: Int, deadline: Int?
) throws(SystemError) -> [[UInt8]] {
  let writer = stdin.rawValue
  _ = try systemCall("fcntl") { swiftcni_fcntl(writer, F_SETFL, O_NONBLOCK) }
  let end = deadline.map { monotonicNanoseconds() + Int64($0) * 1_000_000_000 }

  var outputs: [[UInt8]] = [[], []]
  var written = 0
  // Closing it is what tells the other side that the input ends.
  var feeding: OwnedDescriptor? = consume stdin
  if input.isEmpty { feeding = nil }
  // The kernel takes no notice of an entry with a negative descriptor.
  var entries = [
    pollfd(fd: stdout.rawValue, events: Int16(POLLIN), revents: 0),
    pollfd(fd: stderr.rawValue, events: Int16(POLLIN), revents: 0),
    pollfd(fd: feeding == nil ? -1 : writer, events: Int16(POLLOUT), revents: 0),
  ]
  while entries[0].fd >= 0 || entries[1].fd >= 0 || feeding != nil {
    let remaining = end.map { max(0, CInt(($0 - monotonicNanoseconds() + 999_999) / 1_000_000)) }
    if try systemCall("poll", { poll(&entries, 3, remaining ?? -1) }) == 0 {
      throw SystemError("wait \(deadline ?? 0) s for a child process", .timedOut)
    }
    for index in 0..<2 where entries[index].revents != 0 {
      if try !drain(entries[index].fd, into: &outputs[index]) { entries[index].fd = -1 }
      if outputs[index].count > limit {
        throw SystemError(
          "read", .fileTooLarge, on: index == 0 ? "stdout of a child process" : "stderr of a child process")
      }
    }
    if entries[2].revents != 0 {
      switch try feed(writer, input[written...]) {
      case nil: feeding = nil
      case let count?:
        written += count
        if written == input.count { feeding = nil }
      }
      if feeding == nil { entries[2].fd = -1 }
    }
  }
  return outputs
}

/// Reads what is there.
///
/// - Returns: Whether there may be more.
private func drain(_ descriptor: CInt, into output: inout [UInt8]) throws(SystemError) -> Bool {
  var chunk = [UInt8](repeating: 0, count: 16384)
  let count = try systemCall("read") { read(descriptor, &chunk, chunk.count) }
  output += chunk[..<count]
  return count > 0
}

/// Writes as much as there is room for.
///
/// - Returns: The number of bytes, or nil when the reader is gone.
private func feed(_ descriptor: CInt, _ input: ArraySlice<UInt8>) throws(SystemError) -> Int? {
  let outcome: Result<Int, SystemError> = input.withUnsafeBytes { bytes in
    Result { () throws(SystemError) in
      try systemCall("write") { write(descriptor, bytes.baseAddress, bytes.count) }
    }
  }
  switch outcome {
  case .success(let count): return count
  case .failure(let error) where error.code == .brokenPipe: return nil
  case .failure(let error) where error.code == .wouldBlock: return 0
  case .failure(let error): throw error
  }
}

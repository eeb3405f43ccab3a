internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Runs another executable: its stdin is fed, its stdout collected, its stderr is ours.
enum ChildProcess {
  /// How a process ended.
  enum Termination: Equatable, CustomStringConvertible {
    case exited(CInt)
    case signalled(CInt)

    /// Reads the status of `waitpid(2)`. The macros for it are not imported.
    init(waitStatus: CInt) {
      let signal = waitStatus & 0x7f
      self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signalled(signal)
    }

    var description: String {
      switch self {
      case .exited(let status): "exit status \(status)"
      case .signalled(let number): "signal: \(String(cString: strsignal(number)).lowercased())"
      }
    }
  }

  struct Outcome {
    let termination: Termination
    let output: [UInt8]
  }

  /// Runs an executable to its end.
  ///
  /// - Parameters:
  ///   - name: The environment variable that gets another value; the others stay as they are.
  ///   - input: What the process reads. It need not read it.
  ///   - outputLimit: More bytes on stdout are the error `EFBIG`.
  static func run(
    _ path: String, environment: Environment, replacing name: String, by value: String, input: [UInt8],
    outputLimit: Int
  ) throws(SystemError) -> Outcome {
    let stdin = try Pipe()
    let stdout = try Pipe()
    let process = try environment.withEntries(replacing: name, by: value) { entries in
      Result { () throws(SystemError) in
        try spawn(path, entries, stdin: stdin.reader.rawValue, stdout: stdout.writer.rawValue)
      }
    }.get()

    // Whatever happens from here on, the process must be waited for. It ends, because it finds our ends closed.
    let output: Result<[UInt8], SystemError>
    do throws(SystemError) {
      output = .success(
        try exchange(input, stdin: stdin.intoWriter(), stdout: stdout.intoReader(), limit: outputLimit))
    } catch {
      output = .failure(error)
    }
    var status: CInt = 0
    _ = try systemCall("waitpid", on: path) { waitpid(process, &status, 0) }
    return Outcome(termination: Termination(waitStatus: status), output: try output.get())
  }

  /// Starts the executable. One that is being written just now is tried again for a few seconds: somebody installs it.
  private static func spawn(
    _ path: String, _ environment: [UnsafeMutablePointer<CChar>?], stdin: CInt, stdout: CInt
  ) throws(SystemError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, stdin, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, stdout, STDOUT_FILENO)
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

    let argument = strdup(path)
    defer { free(argument) }
    let arguments = [argument, nil]
    var pauses = [10, 40, 160, 640, 1000, 1000, 1000].makeIterator()
    while true {
      var process: pid_t = 0
      let code = posix_spawn(&process, path, &actions, &attributes, arguments, environment)
      if code == 0 { return process }
      guard code == ETXTBSY, let pause = pauses.next() else {
        throw SystemError("fork/exec", Errno(rawValue: code), on: path)
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

/// Writes and reads whatever the other side is ready for, until it has closed its stdout and has, or does not want, all of
/// the input. One after the other would come to a standstill where both are longer than a pipe holds.
private func exchange(
  _ input: [UInt8], stdin: consuming OwnedDescriptor, stdout: consuming OwnedDescriptor, limit: Int
) throws(SystemError) -> [UInt8] {
  let writer = stdin.rawValue
  _ = try systemCall("fcntl") { swiftcni_fcntl(writer, F_SETFL, O_NONBLOCK) }

  var output: [UInt8] = []
  var isDraining = true
  var written = 0
  // Closing it is what tells the other side that the input ends.
  var feeding: OwnedDescriptor? = consume stdin
  if input.isEmpty { feeding = nil }
  while isDraining || feeding != nil {
    // The kernel takes no notice of an entry with a negative descriptor.
    var entries = [
      pollfd(fd: isDraining ? stdout.rawValue : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: feeding == nil ? -1 : writer, events: Int16(POLLOUT), revents: 0),
    ]
    _ = try systemCall("poll") { poll(&entries, 2, -1) }

    if entries[0].revents != 0 {
      isDraining = try drain(stdout.rawValue, into: &output)
      if output.count > limit { throw SystemError("read", .fileTooLarge, on: "stdout of the delegate") }
    }
    if entries[1].revents != 0 {
      switch try feed(writer, input[written...]) {
      case nil: feeding = nil
      case let count?:
        written += count
        if written == input.count { feeding = nil }
      }
    }
  }
  return output
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

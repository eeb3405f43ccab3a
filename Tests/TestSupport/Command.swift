package import CLinux
internal import LinuxSystem

/// A program to run: what it is given, and how long it may take.
package struct Command: Sendable {
  /// The path of the program.
  package var path: String

  /// What follows the program's name.
  package var arguments: [String]

  /// The whole environment; nothing is inherited.
  package var environment: [String: String]

  /// What the program finds on its standard input.
  package var input: [UInt8]

  /// After so many seconds it is killed and the run is an error.
  package var deadline: Int

  package init(
    _ path: String, _ arguments: [String] = [], environment: [String: String] = Command.plainEnvironment,
    input: [UInt8] = [], deadline: Int = 60
  ) {
    self.path = path
    self.arguments = arguments
    self.environment = environment
    self.input = input
    self.deadline = deadline
  }

  /// The least that system tools need.
  package static let plainEnvironment = [
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
  ]

  /// What a program left behind.
  package struct Outcome: Sendable, CustomStringConvertible {
    /// The exit status; 128 and the signal's number where a signal ended the program.
    package var status: Int32
    package var output: [UInt8]
    package var errors: [UInt8]

    package var text: String { String(decoding: output, as: UTF8.self) }
    package var errorText: String { String(decoding: errors, as: UTF8.self) }

    package var description: String {
      "exit status \(status)\n--- stdout\n\(text)\n--- stderr\n\(errorText)"
    }
  }

  /// Runs the program in the namespaces of the calling thread.
  ///
  /// As a container runtime does, it waits until both output pipes are closed, by the program and by every child that
  /// it left behind.
  package func run() throws -> Outcome {
    let standardInput = try memoryFile(of: input)
    let output = try Pipe()
    let errors = try Pipe()
    let process = try spawn(standardInput.rawValue, output.writeEnd.rawValue, errors.writeEnd.rawValue)
    var outputBytes: [UInt8] = []
    var errorBytes: [UInt8] = []
    let inTime = try collect(output.closingWriteEnd(), errors.closingWriteEnd(), &outputBytes, &errorBytes)
    if !inTime { _ = kill(process, SIGKILL) }
    var status: Int32 = 0
    _ = try systemCall("waitpid") { waitpid(process, &status, 0) }
    guard inTime else {
      throw HarnessError(
        "\(path) did not end within \(deadline) seconds; stderr: \(String(decoding: errorBytes, as: UTF8.self))")
    }
    let signal = status & 0x7f
    return Outcome(
      status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: outputBytes, errors: errorBytes)
  }

  private func spawn(_ input: CInt, _ output: CInt, _ errors: CInt) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)

    let argumentPointers = CStrings([path] + arguments)
    let environmentPointers = CStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    var process: pid_t = 0
    let code = posix_spawn(
      &process, path, &actions, nil, argumentPointers.pointers, environmentPointers.pointers)
    guard code == 0 else { throw HarnessError("cannot start \(path): \(String(cString: strerror(code)))") }
    return process
  }

  /// Reads both pipes to their ends.
  ///
  /// - Returns: Whether that happened before the deadline.
  private func collect(
    _ output: borrowing OwnedDescriptor, _ errors: borrowing OwnedDescriptor, _ outputBytes: inout [UInt8],
    _ errorBytes: inout [UInt8]
  ) throws -> Bool {
    let end = monotonicMilliseconds() + deadline * 1000
    var descriptors = [
      pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors.rawValue, events: Int16(POLLIN), revents: 0),
    ]
    while descriptors.contains(where: { $0.fd >= 0 }) {
      let remaining = end - monotonicMilliseconds()
      if remaining <= 0 { return false }
      let ready = try systemCall("poll") { poll(&descriptors, 2, CInt(remaining)) }
      if ready == 0 { return false }
      if descriptors[0].revents != 0, try readOnce(descriptors[0].fd, into: &outputBytes) == 0 { descriptors[0].fd = -1 }
      if descriptors[1].revents != 0, try readOnce(descriptors[1].fd, into: &errorBytes) == 0 { descriptors[1].fd = -1 }
    }
    return true
  }

  private func readOnce(_ descriptor: CInt, into bytes: inout [UInt8]) throws -> Int {
    try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
      let count = try systemCall("read") { read(descriptor, buffer.baseAddress, buffer.count) }
      bytes.append(contentsOf: buffer[..<count])
      return count
    }
  }
}

/// What went wrong in the harness itself, as opposed to in what it tests.
package struct HarnessError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

private func monotonicMilliseconds() -> Int {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

/// A file that lives in memory only, rewound to its beginning.
private func memoryFile(of bytes: [UInt8]) throws -> OwnedDescriptor {
  let file = OwnedDescriptor(owning: try systemCall("memfd_create") { memfd_create("stdin", UInt32(MFD_CLOEXEC)) })
  try writeAll(file.rawValue, bytes)
  _ = try systemCall("lseek") { lseek(file.rawValue, 0, SEEK_SET) }
  return file
}

private struct Pipe: ~Copyable {
  let readEnd: OwnedDescriptor
  let writeEnd: OwnedDescriptor

  init() throws {
    var ends: [CInt] = [-1, -1]
    _ = try systemCall("pipe2") { pipe2(&ends, O_CLOEXEC) }
    readEnd = OwnedDescriptor(owning: ends[0])
    writeEnd = OwnedDescriptor(owning: ends[1])
  }

  /// Keeps the end to read from: its end of file comes when nobody else holds the other.
  consuming func closingWriteEnd() -> OwnedDescriptor { readEnd }
}

/// A vector of C strings with its NULL at the end, freed with its owner.
private final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]

  init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

  deinit { for pointer in pointers { free(pointer) } }
}

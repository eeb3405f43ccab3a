internal import CLinux
internal import LinuxSystem

/// A program to run: what it is given, and how long it may take.
package struct Program: Sendable {
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
    _ path: String, _ arguments: [String] = [], environment: [String: String] = Program.plainEnvironment,
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
  /// As a container runtime does, it waits until both outputs are closed, by the program and by every child that it left
  /// behind.
  package func run() throws -> Outcome {
    // Sockets, as writing to one whose reader is gone can be told not to raise a signal.
    let input = try Channel()
    let output = try Channel()
    let errors = try Channel()
    let process = try spawn(input.theirs.rawValue, output.theirs.rawValue, errors.theirs.rawValue)
    let exchange = try exchange(input.closingTheirs(), output.closingTheirs(), errors.closingTheirs())
    if !exchange.inTime { _ = kill(process, SIGKILL) }
    var status: Int32 = 0
    _ = try systemCall("waitpid") { waitpid(process, &status, 0) }
    let signal = status & 0x7f
    let outcome = Outcome(
      status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: exchange.output, errors: exchange.errors)
    guard exchange.inTime else { throw HarnessError("\(path) did not end within \(deadline) seconds: \(outcome)") }
    return outcome
  }

  private func spawn(_ input: CInt, _ output: CInt, _ errors: CInt) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)

    let argumentStrings = CStrings([path] + arguments)
    let environmentStrings = CStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    var process: pid_t = 0
    let code = posix_spawn(&process, path, &actions, nil, argumentStrings.pointers, environmentStrings.pointers)
    guard code == 0 else { throw HarnessError("cannot start \(path): \(String(cString: strerror(code)))") }
    return process
  }

  /// Feeds the input and reads both outputs to their ends, or until the deadline.
  private func exchange(
    _ input: borrowing OwnedDescriptor, _ output: borrowing OwnedDescriptor, _ errors: borrowing OwnedDescriptor
  ) throws -> (output: [UInt8], errors: [UInt8], inTime: Bool) {
    let end = monotonicMilliseconds() + deadline * 1000
    var received: [[UInt8]] = [[], []]
    var unsent = self.input[...]
    var descriptors = [
      pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors.rawValue, events: Int16(POLLIN), revents: 0),
      pollfd(fd: input.rawValue, events: Int16(POLLOUT), revents: 0),
    ]
    while descriptors[0].fd >= 0 || descriptors[1].fd >= 0 {
      let remaining = end - monotonicMilliseconds()
      if remaining <= 0 { return (received[0], received[1], false) }
      _ = try systemCall("poll") { poll(&descriptors, 3, CInt(remaining)) }
      for index in 0..<2 where descriptors[index].revents != 0 {
        if try receive(from: descriptors[index].fd, into: &received[index]) == 0 { descriptors[index].fd = -1 }
      }
      if descriptors[2].revents != 0, !send(&unsent, to: descriptors[2].fd) {
        _ = shutdown(descriptors[2].fd, CInt(SHUT_WR))
        descriptors[2].fd = -1
      }
    }
    return (received[0], received[1], true)
  }

  private func receive(from descriptor: CInt, into bytes: inout [UInt8]) throws -> Int {
    try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
      let count = try systemCall("read") { read(descriptor, buffer.baseAddress, buffer.count) }
      bytes.append(contentsOf: buffer[..<count])
      return count
    }
  }

  /// Sends as much as there is room for.
  ///
  /// - Returns: Whether there is more to send. A program that does not want its input is no error.
  private func send(_ bytes: inout ArraySlice<UInt8>, to descriptor: CInt) -> Bool {
    let count = bytes.withUnsafeBytes { buffer in
      CLinux.send(descriptor, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
    }
    if count < 0 { return swiftcni_errno() == EAGAIN }
    bytes = bytes.dropFirst(count)
    return !bytes.isEmpty
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

/// Two connected sockets: one for us, one for the program that is started.
private struct Channel: ~Copyable {
  let ours: OwnedDescriptor
  let theirs: OwnedDescriptor

  init() throws {
    var ends: [CInt] = [-1, -1]
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    _ = try systemCall("socketpair") { socketpair(AF_UNIX, kind, 0, &ends) }
    ours = OwnedDescriptor(owning: ends[0])
    theirs = OwnedDescriptor(owning: ends[1])
  }

  /// Keeps our end: its end of file comes when nobody else holds the other.
  consuming func closingTheirs() -> OwnedDescriptor { ours }
}

/// A vector of C strings with its NULL at the end, freed with its owner.
private final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]

  init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

  deinit { for pointer in pointers { free(pointer) } }
}

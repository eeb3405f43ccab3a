internal import CLinux
internal import LinuxSystem
package import Testing

/// A boot that a program can be made to believe in: another `boot_id`, and a boot time that is not long ago.
///
/// The program runs in a time namespace of its own, in which the machine booted a moment ago, in a process namespace
/// with a `/proc` of its own, which is as new, and in a mount namespace in which `boot_id` is another. The clock that
/// people read is the machine's own.
package struct SimulatedBoot: Sendable {
  /// Programs that run in the boot are run by this one.
  package let wrapper: [String]

  /// Where the other `boot_id` is kept.
  private let directory: TemporaryDirectory

  /// A boot that happens now. It returns when that second is over: whatever is made before the call was made before the
  /// boot, and whatever is made after it is made after the boot.
  package init() throws {
    directory = try TemporaryDirectory()
    // Boot times are shifted by whole seconds: from the machine's own boot to the next such step after this moment.
    let offset = clock(CLOCK_BOOTTIME).seconds + 1
    let digits = String(repeating: "0", count: 12) + String(randomNumber(), radix: 16)
    try directory.write("5ea50f00-0000-4000-8000-\(digits.suffix(12))\n".utf8, to: "boot_id")
    let script = #"mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@""#
    wrapper = [
      "/usr/bin/unshare", "--mount", "--pid", "--fork", "--mount-proc", "--time", "--boottime", "-\(offset)",
      "/bin/sh", "-c", script, directory.file("boot_id"),
    ]
    // The kernel refuses a boot in the future, so this also waits for the step.
    while clock(CLOCK_BOOTTIME).seconds < offset { usleep(10_000) }
    // File times lag behind the clock by up to one tick.
    usleep(20_000)
  }

  /// Skips the test that runs now where boots cannot be simulated.
  package static func require(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try Privileges.require(.systemAdministration, sourceLocation: sourceLocation)
    if let obstacle { try skip("cannot simulate a boot: \(obstacle)", sourceLocation: sourceLocation) }
  }

  /// Why a boot cannot be simulated here; nil where it can. A boot takes up to a second, so this is tried once.
  private static let obstacle: String? = {
    do {
      let outcome = try SimulatedBoot().run("/bin/true")
      return outcome.status == 0 ? nil : outcome.errorText
    } catch {
      return "\(error)"
    }
  }()

  private func run(_ path: String) throws -> Program.Outcome {
    // The directory must be there until the program has ended.
    try withExtendedLifetime(directory) { try Program(wrapper[0], wrapper.dropFirst() + [path]).run() }
  }
}

private func clock(_ identifier: clockid_t) -> (seconds: Int, nanoseconds: Int) {
  var now = timespec()
  clock_gettime(identifier, &now)
  return (now.tv_sec, now.tv_nsec)
}

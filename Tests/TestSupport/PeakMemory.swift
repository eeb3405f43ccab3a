internal import CLinux

extension HostLocalStore {
  /// The most memory that a call had at any time, in kB: `VmHWM` of `proc(5)`.
  ///
  /// A tracer holds the process when it is about to end, so that it can be looked at. (`wait4(2)` would tell the most of
  /// the process and of whom it was forked from.)
  package func peakMemory(_ command: String, _ container: String = "", members: [String] = []) throws -> Int {
    let script = """
      input=$(cat)
      "$@" <<<"$input" >/dev/null &
      tracer=$!
      until process=$(cat /proc/$tracer/task/$tracer/children) && process=${process%% *} && [ -n "$process" ] &&
        read -r number rest 2>/dev/null </proc/$process/syscall && [ "$number" = \(SYS_exit_group) ]
      do
        kill -0 $tracer || exit 1
        sleep 0.01
      done
      sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\) kB$/\\1/p' /proc/$process/status
      wait $tracer
      """
    let tracer = [
      "/usr/bin/strace", "-o", "/dev/null", "-e", "trace=exit_group", "-e", "inject=exit_group:delay_enter=1000000",
    ]
    let outcome = try program(
      command, container, members: members, wrapper: ["/bin/bash", "--norc", "-c", script, "bash"] + tracer
    ).run()
    guard outcome.status == 0, let peak = Int(outcome.text.split(separator: "\n").first ?? "") else {
      throw HarnessError("cannot measure the memory of \(command): \(outcome)")
    }
    return peak
  }
}

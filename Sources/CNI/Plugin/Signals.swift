internal import CLinux

/// Sets the signals whose disposition a process inherits and that would harm it: writing to a pipe that nobody reads, or more
/// than a file may have, must be an error and not the end, and a child's exit status must be kept until it is asked for.
func prepareSignals() {
  // SIG_IGN and SIG_DFL are casts of 1 and 0, which are not imported.
  for code in [SIGPIPE, SIGXFSZ] { _ = signal(code, unsafeBitCast(1, to: __sighandler_t?.self)) }
  _ = signal(SIGCHLD, nil)
}

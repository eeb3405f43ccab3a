internal import CLinux

/// Sets the two signals whose disposition a process inherits and that would harm it: writing to a pipe that nobody reads
/// must be an error and not the end, and a child's exit status must be kept until it is asked for.
func prepareSignals() {
  // SIG_IGN and SIG_DFL are casts of 1 and 0, which are not imported.
  _ = signal(SIGPIPE, unsafeBitCast(1, to: __sighandler_t?.self))
  _ = signal(SIGCHLD, nil)
}

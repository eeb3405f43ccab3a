internal import LinuxSystem

/// The number of file descriptors that this process has open, for tests that nothing is leaked.
///
/// Other tests of the same process open files too: a test that compares two counts must be the only one that runs, or
/// run in a process of its own.
package func openDescriptorCount() throws -> Int {
  // The directory itself is open while it is read.
  try namesInDirectory("/proc/self/fd").count - 1
}

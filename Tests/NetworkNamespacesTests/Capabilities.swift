import LinuxSystem

/// Takes all capabilities from the calling thread, for good: only for a thread that ends with the test. See
/// `capset(2)`.
func dropCapabilities() throws(SystemError) {
  var header = (version: UInt32(0x2008_0522), thread: CInt(0))
  var sets: [6 of UInt32] = .init(repeating: 0)
  _ = try systemCall("capset") { capset(&header, &sets) }
}

// glibc has it, and no header that says so.
@_silgen_name("capset")
private func capset(_ header: UnsafeMutableRawPointer, _ sets: UnsafeMutableRawPointer) -> CInt

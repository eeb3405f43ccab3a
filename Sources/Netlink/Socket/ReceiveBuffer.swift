/// Memory for datagrams, which grows with the largest of them.
///
/// It has one owner, who may hand it to another thread: nobody else knows the pointer.
struct ReceiveBuffer: ~Copyable, @unchecked Sendable {
  private(set) var memory: UnsafeMutableRawBufferPointer

  init(byteCount: Int) {
    memory = .allocate(byteCount: byteCount, alignment: 16)
  }

  deinit { memory.deallocate() }

  /// Makes room for that many bytes. What was in the buffer is lost.
  mutating func reserve(_ byteCount: Int) {
    guard byteCount > memory.count else { return }
    let doubled = 2 * memory.count
    memory.deallocate()
    memory = .allocate(byteCount: max(byteCount, doubled), alignment: 16)
  }

  /// What was received into a part of the buffer.
  @_lifetime(borrow self)
  func bytes(_ range: Range<Int>) -> RawSpan {
    let span = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: memory[range]))
    return _overrideLifetime(span, borrowing: self)
  }
}

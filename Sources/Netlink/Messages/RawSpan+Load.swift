extension RawSpan {
  /// Loads a C structure or an integer as it lies in memory, aligned or not.
  ///
  /// - Parameter offset: Where it begins. It must not be negative.
  /// - Throws: ``MalformedMessage`` where there are fewer bytes than it needs.
  public func load<Value: WireValue>(_ type: Value.Type, at offset: Int = 0) throws(MalformedMessage) -> Value {
    let size = MemoryLayout<Value>.size
    guard byteCount - offset >= size else {
      throw MalformedMessage("\(max(byteCount - offset, 0)) bytes where \(Value.self) needs \(size)")
    }
    return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
  }
}

/// A length with the padding that netlink wants after messages and attributes: a multiple of four bytes.
func aligned(_ length: Int) -> Int { (length + 3) & ~3 }

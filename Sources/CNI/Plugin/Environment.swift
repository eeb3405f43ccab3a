@preconcurrency internal import CLinux

/// The environment of a call: the process's own, or one that was made up.
///
/// Entries stay the bytes that they are, so that a delegate gets exactly what we got.
public struct Environment: Sendable {
  private let block: Block

  /// The environment of this process.
  public static var process: Environment { Environment(block: Block(borrowing: environ)) }

  /// An environment of the given variables.
  public init(_ variables: [(name: String, value: String)]) {
    block = Block(copying: variables.map { "\($0.name)=\($0.value)" })
  }

  private init(block: Block) { self.block = block }

  /// The value of a variable. The protocol makes no difference between one that is empty and one that is not there, so
  /// both are the empty string. Bytes that are not UTF-8 are replaced by U+FFFD, which no rule for names allows.
  public subscript(name: String) -> String {
    for entry in block {
      if let value = value(of: name, in: entry) { return String(cString: value) }
    }
    return ""
  }

  /// Runs a closure with the entries as `execve(2)` takes them, one variable replaced, a null pointer at the end.
  func withEntries<R>(
    replacing name: String, by value: String, _ body: ([UnsafeMutablePointer<CChar>?]) -> R
  ) -> R {
    var entries = block.filter { self.value(of: name, in: $0) == nil } as [UnsafeMutablePointer<CChar>?]
    let replacement = strdup("\(name)=\(value)")
    defer { free(replacement) }
    entries.append(replacement)
    entries.append(nil)
    return body(entries)
  }

  /// The part of an entry after the name and `=`, if the entry is of that name.
  private func value(of name: String, in entry: UnsafeMutablePointer<CChar>) -> UnsafeMutablePointer<CChar>? {
    let length = name.utf8.count
    guard strncmp(entry, name, length) == 0, entry[length] == CChar(UInt8(ascii: "=")) else { return nil }
    return entry + length + 1
  }
}

/// A list of C strings that a null pointer ends, and perhaps its owner.
///
/// Sound to send: nothing changes the entries, as nothing in a process of plugins changes its environment.
private final class Block: Sequence, @unchecked Sendable {
  private let entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let isOwned: Bool

  init(borrowing entries: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
    self.entries = entries
    isOwned = false
  }

  init(copying texts: [String]) {
    entries = .allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { (entries + index).initialize(to: strdup(text)) }
    (entries + texts.count).initialize(to: nil)
    isOwned = true
  }

  deinit {
    guard isOwned else { return }
    for entry in self { free(entry) }
    entries.deallocate()
  }

  func makeIterator() -> Iterator { Iterator(position: entries) }

  /// Goes from entry to entry up to the null pointer. A type of its own, since one that the standard library erases has
  /// to be looked up first, which takes longer than to read the environment.
  struct Iterator: IteratorProtocol {
    fileprivate var position: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    mutating func next() -> UnsafeMutablePointer<CChar>? {
      guard let entry = position.pointee else { return nil }
      position += 1
      return entry
    }
  }
}

/// An element of a set or a map.
public struct SetElement: Hashable, Sendable {
  /// What is looked up; the first key of an interval.
  public var key: ElementKey

  /// The last key of an interval; nil for a single key. In a set with intervals even an element with a single key has a
  /// last one: the same.
  public var lastKey: ElementKey?

  /// What it leads to, in a map.
  public var value: ElementValue?

  /// What nft prints as `comment`. At most 128 bytes. nft cannot read what it prints where there is a quotation mark in
  /// it.
  public var comment: String?

  /// After how many milliseconds it is gone; nil for the set's own timeout.
  public var timeout: UInt64?

  /// How many milliseconds are left. It is set in elements that come from the kernel.
  public internal(set) var expiration: UInt64?

  public init(
    _ key: ElementKey, through lastKey: ElementKey? = nil, value: ElementValue? = nil, comment: String? = nil,
    timeout: UInt64? = nil
  ) {
    self.key = key
    self.lastKey = lastKey
    self.value = value
    self.comment = comment
    self.timeout = timeout
  }

  /// An element of a map with data.
  public init(_ key: ElementKey, data: ElementKey, comment: String? = nil) {
    self.init(key, value: .data(data), comment: comment)
  }
}

/// What an element of a map leads to.
public enum ElementValue: Hashable, Sendable {
  /// What goes into registers.
  case data(ElementKey)

  /// What becomes of the packet.
  case verdict(Verdict)
}

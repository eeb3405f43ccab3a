internal import NetworkAddresses

/// One entry of the lease index: 64 bytes, as they are in memory. The file never leaves the machine.
struct IndexRecord {
  /// What kinds of entries there are. A raw number, because it is read from a file that may hold anything.
  struct Kind: Equatable {
    let rawValue: UInt8
    /// Nothing has been here.
    static let empty = Kind(rawValue: 0)
    /// Something has been here, and entries behind it are still looked for.
    static let removed = Kind(rawValue: 1)
    /// A lease, found by its holder's hash.
    static let lease = Kind(rawValue: 2)
    /// A lease whose file names nobody, or cannot be read, found by its address.
    static let holderless = Kind(rawValue: 3)
    /// An address that rests after its release, found by its address.
    static let resting = Kind(rawValue: 4)
    /// Which of 256 neighbouring addresses, or blocks of them, are taken. See ``TakenAddresses``.
    static let block = Kind(rawValue: 5)
  }

  var kind = Kind.empty
  private var familyNumber: UInt8 = 0
  /// Of a block: how many levels of blocks are below it.
  private var level: UInt8 = 0
  /// Keeps the entry free of padding.
  private var reserved: UInt8 = 0
  /// Of a lease: the process that asked for it; 0 where it is not known.
  var process: Int32 = 0
  /// What the entry is found by.
  var key: UInt64 = 0
  private var high: UInt64 = 0
  private var low: UInt64 = 0
  private var payload = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
}

extension IndexRecord {
  /// Whether the entry still says something.
  func isOfUse(at now: Int64) -> Bool {
    switch kind {
    case .empty, .removed: false
    case .resting: rest(under: LeasePolicy(cooldown: LeasePolicy.longestCooldown), at: now) != nil
    default: true
    }
  }
}

// MARK: - Leases

extension IndexRecord {
  /// The entry of a lease.
  ///
  /// - Parameter boot: The boot in which the file was seen first.
  init(leaseOf address: IPAddress, file: LeaseFile, boot: UInt64) {
    if let hash = file.holder.hash {
      kind = .lease
      key = hash
    } else {
      kind = .holderless
      key = Self.key(of: address)
    }
    self.address = address
    payload = (file.inode, UInt64(bitPattern: file.modified), boot, 0)
  }

  var isLease: Bool { kind == .lease || kind == .holderless }

  /// Of a lease or of an address that rests.
  private(set) var address: IPAddress {
    get {
      let number = UInt128(high) << 64 | UInt128(low)
      return IPAddress(familyNumber == 4 ? .ipv4 : .ipv6, number: number) ?? .v6(IPv6Address(rawValue: number))
    }
    set {
      familyNumber = Self.number(of: newValue.family)
      high = UInt64(truncatingIfNeeded: newValue.number >> 64)
      low = UInt64(truncatingIfNeeded: newValue.number)
    }
  }

  /// Of a lease: the file's number in the file system.
  var inode: UInt64 { payload.0 }

  /// Of a lease: when its file was written, in nanoseconds since 1970.
  var modified: Int64 { Int64(bitPattern: payload.1) }

  /// Of a lease: the boot in which the file was seen first.
  var boot: UInt64 {
    get { payload.2 }
    set { payload.2 = newValue }
  }

  /// Of a lease: when it was made, in nanoseconds since the machine was started; 0 where it is not known.
  var made: Int64 {
    get { Int64(bitPattern: payload.3) }
    set { payload.3 = UInt64(bitPattern: newValue) }
  }

  /// Whether a lease was made before another one; of two that the files' times do not tell apart, the index may know.
  func isOlder(than other: IndexRecord) -> Bool {
    if modified != other.modified { return modified < other.modified }
    return made != other.made ? made < other.made : address < other.address
  }

  private static func number(of family: AddressFamily) -> UInt8 { family == .ipv4 ? 4 : 6 }

  /// What an entry of an address is found by.
  static func key(of address: IPAddress) -> UInt64 {
    StableHash.of(
      UInt64(truncatingIfNeeded: address.number >> 64), UInt64(truncatingIfNeeded: address.number),
      UInt64(number(of: address.family)))
  }
}

// MARK: - Addresses that rest

extension IndexRecord {
  /// - Parameters:
  ///   - released: When it was given back, in nanoseconds since the machine was started.
  ///   - holder: The hash of the one who gave it back.
  init(resting address: IPAddress, since released: Int64, holder: UInt64) {
    kind = .resting
    key = Self.key(of: address)
    self.address = address
    payload = (UInt64(bitPattern: released), holder, 0, 0)
  }

  /// For how many nanoseconds an address still rests; nil where it has rested.
  ///
  /// - Parameter now: In nanoseconds since the machine was started.
  func rest(under policy: LeasePolicy, at now: Int64) -> Int64? {
    let elapsed = now &- Int64(bitPattern: payload.0)
    return elapsed >= 0 && elapsed < policy.rest ? policy.rest - elapsed : nil
  }

  /// Of an address that rests: the hash of the one who gave it back.
  var lastHolder: UInt64 { payload.1 }
}

// MARK: - Blocks

extension IndexRecord {
  /// A block in which nothing is taken.
  ///
  /// - Parameters:
  ///   - level: How many levels of blocks are below it.
  ///   - number: The numbers of its addresses without the eight bits of this level and of each below.
  init(block number: UInt128, level: Int, of family: AddressFamily) {
    kind = .block
    familyNumber = Self.number(of: family)
    self.level = UInt8(level)
    high = UInt64(truncatingIfNeeded: number >> 64)
    low = UInt64(truncatingIfNeeded: number)
    key = StableHash.of(high, low, UInt64(level) << 8 | UInt64(familyNumber))
  }

  /// Whether two entries are of the same block.
  func isSameBlock(as other: IndexRecord) -> Bool {
    kind == .block && other.kind == .block && familyNumber == other.familyNumber && level == other.level
      && high == other.high && low == other.low
  }

  var isFull: Bool { payload == (.max, .max, .max, .max) }

  var isVacant: Bool { payload == (0, 0, 0, 0) }

  /// Marks one of 256 as taken, or as free.
  mutating func set(_ bit: Int, _ isTaken: Bool) {
    let mask = UInt64(1) << UInt64(bit & 63)
    var word = self[word: bit >> 6]
    if isTaken { word |= mask } else { word &= ~mask }
    self[word: bit >> 6] = word
  }

  /// Whether one of 256 is taken.
  func isTaken(_ bit: Int) -> Bool { self[word: bit >> 6] & UInt64(1) << UInt64(bit & 63) != 0 }

  /// The first of 256 that is free, from one on; nil where there is none.
  func firstFree(from bit: Int) -> Int? {
    var bit = bit
    while bit < 256 {
      let free = ~self[word: bit >> 6] >> UInt64(bit & 63)
      if free != 0 { return bit + free.trailingZeroBitCount }
      bit = (bit | 63) + 1
    }
    return nil
  }

  private subscript(word index: Int) -> UInt64 {
    get {
      switch index {
      case 0: payload.0
      case 1: payload.1
      case 2: payload.2
      default: payload.3
      }
    }
    set {
      switch index {
      case 0: payload.0 = newValue
      case 1: payload.1 = newValue
      case 2: payload.2 = newValue
      default: payload.3 = newValue
      }
    }
  }
}

internal import CLinux

/// What packets a table sees: the `NFPROTO_*` constants of <linux/netfilter.h>.
public struct TableFamily: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  private init(_ constant: Int) { rawValue = UInt8(truncatingIfNeeded: constant) }

  /// IPv4 and IPv6. The corresponding C constant is `NFPROTO_INET`.
  public static let inet = TableFamily(NFPROTO_INET)

  /// IPv4. The corresponding C constant is `NFPROTO_IPV4`.
  public static let ip = TableFamily(NFPROTO_IPV4)

  /// IPv6. The corresponding C constant is `NFPROTO_IPV6`.
  public static let ip6 = TableFamily(NFPROTO_IPV6)

  /// Frames that a bridge forwards. The corresponding C constant is `NFPROTO_BRIDGE`.
  public static let bridge = TableFamily(NFPROTO_BRIDGE)

  /// The word of nft for it.
  public var description: String {
    switch self {
    case .inet: "inet"
    case .ip: "ip"
    case .ip6: "ip6"
    case .bridge: "bridge"
    default: "family \(rawValue)"
    }
  }
}

/// The names of tables, chains and sets.
public enum ObjectName {
  /// In bytes. The kernel answers `ERANGE` to longer ones, not that there is nothing: `NFT_NAME_MAXLEN` without the NUL.
  public static let greatestLength = 255
}

/// Where a table is found.
public struct TableReference: Hashable, Sendable, CustomStringConvertible {
  /// What packets the table sees.
  public let family: TableFamily
  public let name: String

  public init(family: TableFamily, name: String) {
    self.family = family
    self.name = name
  }

  /// As nft writes it: `inet filter`.
  public var description: String { "\(family) \(name)" }
}

/// Where a chain is found.
public struct ChainReference: Hashable, Sendable, CustomStringConvertible {
  public let table: TableReference
  public let name: String

  public init(_ table: TableReference, _ name: String) {
    self.table = table
    self.name = name
  }

  /// As nft writes it: `inet filter input`.
  public var description: String { "\(table) \(name)" }
}

/// Where a set or a map is found.
public struct SetReference: Hashable, Sendable, CustomStringConvertible {
  public let table: TableReference
  public let name: String

  public init(_ table: TableReference, _ name: String) {
    self.table = table
    self.name = name
  }

  /// As nft writes it: `inet filter hosts`.
  public var description: String { "\(table) \(name)" }
}

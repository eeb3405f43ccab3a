internal import CLinux

/// What a link is and can do: `enum net_device_flags` in <linux/if.h>.
public struct LinkFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(_ constant: Int) { rawValue = UInt32(truncatingIfNeeded: constant) }

  /// Somebody switched it on. The corresponding C constant is `IFF_UP`.
  public static let up = LinkFlags(IFF_UP)

  /// There can be broadcasts. The corresponding C constant is `IFF_BROADCAST`.
  public static let broadcast = LinkFlags(IFF_BROADCAST)

  /// It is the machine itself. The corresponding C constant is `IFF_LOOPBACK`.
  public static let loopback = LinkFlags(IFF_LOOPBACK)

  /// It has one other end. The corresponding C constant is `IFF_POINTOPOINT`.
  public static let pointToPoint = LinkFlags(IFF_POINTOPOINT)

  /// It works. The corresponding C constant is `IFF_RUNNING`.
  public static let running = LinkFlags(IFF_RUNNING)

  /// Somebody asked for packets for others by this flag. The corresponding C constant is `IFF_PROMISC`.
  public static let promiscuous = LinkFlags(IFF_PROMISC)

  /// Somebody asked for packets for all groups by this flag. The corresponding C constant is `IFF_ALLMULTI`.
  public static let allMulticast = LinkFlags(IFF_ALLMULTI)

  /// The carrier is there. The corresponding C constant is `IFF_LOWER_UP`.
  public static let lowerUp = LinkFlags(rawValue: IFF_LOWER_UP.rawValue)
}

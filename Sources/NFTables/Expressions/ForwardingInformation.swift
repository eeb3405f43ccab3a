internal import CLinux
internal import Netlink

/// Asks the routing tables about the packet: `fib` of <linux/netfilter/nf_tables.h>.
public struct ForwardingInformation: Equatable, Sendable {
  /// `enum nft_fib_result`
  public enum Result: UInt32, Sendable {
    /// The index of the link that leads there.
    case interface = 1

    /// The name of the link that leads there.
    case interfaceName = 2

    /// The kind of address: an `RTN_*` constant of <linux/rtnetlink.h>, four bytes in the machine's byte order.
    case addressType = 3
  }

  /// What is asked for.
  public var result: Result

  /// What is looked up.
  public var flags: Flags

  /// Where the answer goes.
  public var register: Register

  public init(_ result: Result, _ flags: Flags, register: Register = .first) {
    self.result = result
    self.flags = flags
    self.register = register
  }

  /// What is looked up: `enum nft_fib_flags`.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(_ constant: nft_fib_flags) { rawValue = constant.rawValue }

    /// The corresponding C constant is `NFTA_FIB_F_SADDR`.
    public static let sourceAddress = Flags(NFTA_FIB_F_SADDR)

    /// The corresponding C constant is `NFTA_FIB_F_DADDR`.
    public static let destinationAddress = Flags(NFTA_FIB_F_DADDR)

    /// Only routes by the link that the packet came in by. The corresponding C constant is `NFTA_FIB_F_IIF`.
    public static let inputInterface = Flags(NFTA_FIB_F_IIF)
  }

  func append(to message: inout MessageBuilder) {
    message.append(NFTA_FIB_FLAGS, flags.rawValue)
    message.append(NFTA_FIB_RESULT, result.rawValue)
    message.append(NFTA_FIB_DREG, register)
  }

  /// Reads the attributes; nil for a result not known here.
  init?(_ data: borrowing Attribute) throws(MalformedMessage) {
    var result: Result?
    var flags: UInt32 = 0
    var register: Register?
    var attributes = data.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_FIB_RESULT: result = Result(rawValue: try attribute.unsigned)
      case NFTA_FIB_FLAGS: flags = try attribute.unsigned
      case NFTA_FIB_DREG: register = try attribute.register
      default: break
      }
    }
    guard let result, let register else { return nil }
    self.init(result, Flags(rawValue: flags), register: register)
  }
}

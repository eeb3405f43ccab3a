/// The `code` of an error object. See "Error" in the CNI specification.
///
/// A structure, so that a code which only some other plugin knows survives on its way through.
public struct ErrorCode: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The configuration's version is not one that the plugin speaks.
  public static let incompatibleVersion = ErrorCode(rawValue: 1)
  /// A field of the configuration is not supported. The message must hold its key and value.
  public static let unsupportedField = ErrorCode(rawValue: 2)
  /// The container does not exist. The runtime need not clean up.
  public static let unknownContainer = ErrorCode(rawValue: 3)
  /// An environment variable is missing or wrong. The message must hold its name.
  public static let invalidEnvironment = ErrorCode(rawValue: 4)
  /// Reading or writing failed.
  public static let io = ErrorCode(rawValue: 5)
  /// The configuration or a result could not be decoded.
  public static let decoding = ErrorCode(rawValue: 6)
  /// The configuration could be decoded but is wrong.
  public static let invalidConfiguration = ErrorCode(rawValue: 7)
  /// The network namespace is the wrong one. Not in the specification; the reference uses it so.
  public static let invalidNamespace = ErrorCode(rawValue: 8)
  /// A passing condition: the runtime should try again later.
  public static let tryAgain = ErrorCode(rawValue: 11)
  /// STATUS: the plugin cannot serve an ADD.
  public static let unavailable = ErrorCode(rawValue: 50)
  /// STATUS: the plugin cannot serve an ADD, and containers that run may have limited connectivity.
  public static let limitedConnectivity = ErrorCode(rawValue: 51)
  /// Any other failure.
  public static let `internal` = ErrorCode(rawValue: 999)
}

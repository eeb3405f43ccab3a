internal import CLinux
internal import Netlink

/// The settings of the queueing discipline `htb`, whose classes have a rate each. See `tc-htb(8)`.
public struct HierarchicalTokenBucket: Hashable, Sendable {
  /// The minor number of the class for packets that no filter gives a class; 0 sends them directly, at no rate.
  public var defaultClass: UInt16

  /// How many packets may wait that are sent directly; nil leaves it to the kernel, which takes the length of the link's
  /// transmit queue.
  public var directQueueLength: UInt32?

  public init(defaultClass: UInt16, directQueueLength: UInt32? = nil) {
    self.defaultClass = defaultClass
    self.directQueueLength = directQueueLength
  }

  /// Reads the options of a discipline.
  init?(_ options: borrowing Attribute) throws(MalformedMessage) {
    self.init(defaultClass: 0)
    var found = false
    var attributes = options.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case TCA_HTB_INIT:
        defaultClass = UInt16(truncatingIfNeeded: try attribute.structure(tc_htb_glob.self).defcls)
        found = true
      case TCA_HTB_DIRECT_QLEN: directQueueLength = try attribute.integer()
      default: break
      }
    }
    if !found { return nil }
  }

  func append(to message: inout MessageBuilder) {
    var settings = tc_htb_glob()
    settings.version = 3
    // Classes that say nothing of their quantum send a tenth of a second's bytes in turn: the number that `tc` gives.
    settings.rate2quantum = 10
    settings.defcls = UInt32(defaultClass)
    message.append(TCA_HTB_INIT, structure: settings)
    if let directQueueLength { message.append(TCA_HTB_DIRECT_QLEN, directQueueLength) }
  }
}

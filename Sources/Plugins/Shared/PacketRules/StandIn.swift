internal import CNI
internal import NetworkAddresses
struct IPTablesMasquerade { let attachment: Attachment; let addresses: [CIDR]
  func add() throws(PluginError) {}
  func remove() throws(PluginError) {}
  func check() throws(PluginError) {} }
struct ReferenceMasquerade { let attachment: Attachment
  init(_ a: Attachment) { attachment = a }
  func remove() throws(PluginError) {} }
struct ReferenceSpoofCheck { let attachment: Attachment
  init(_ a: Attachment) { attachment = a }
  func remove() throws(PluginError) {} }

internal import CNI
internal import NetworkAddresses
struct ReferenceMasquerade {
  let attachment: Attachment
  init(_ a: Attachment) { attachment = a }
  func remove() throws(PluginError) {}
}
struct ReferenceSpoofCheck {
  let attachment: Attachment
  init(_ a: Attachment) { attachment = a }
  func remove() throws(PluginError) {}
}

extension IPTablesMasquerade {
  init(_ a: Attachment) { self.init(network: a.network, containerID: a.containerID) }
}

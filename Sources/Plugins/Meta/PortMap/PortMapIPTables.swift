internal import CNI

/// Where the plugin calls what makes rules with the tools of iptables, and what removes those that the reference has made.
enum PortMapIPTables {
  static func add(_ plan: PortMapPlan, for attachment: inout ChainedAttachment) throws(PluginError) {
    throw PluginError(.unsupportedField, "backend: iptables is not supported yet")
  }

  static func check(_ plan: PortMapPlan) throws(PluginError) {}

  static func remove(_ attachment: Attachment) throws(PluginError) {}

  static func removeReference(_ attachment: Attachment) throws(PluginError) {}
}

internal import CNI

/// A plugin whose ADD writes down in the journal what it makes, with ``AttachmentInProgress``. The record says what DEL
/// and GC have to take back, so that they are the same for all of these plugins.
protocol JournaledPlugin: Plugin {}

extension JournaledPlugin {
  func delete(_ call: Call) throws(PluginError) {
    try Detachment(call: call, plugin: name, addressManager: MainPluginConfiguration.addressManager(of: call)).run()
  }

  func collectGarbage(_ call: Call) throws(PluginError) {
    try GarbageCollection(
      call: call, plugin: name, addressManager: MainPluginConfiguration.addressManager(of: call)
    ).run()
  }
}

internal import LinuxSystem

/// Refuses to work on the namespace that the plugin itself runs in: that would change the host.
///
/// The reference finds out after the work is done. A path that leads nowhere is not the same namespace; the plugin will
/// say what it thinks of it.
func refuseOwnNamespace(_ call: Call) throws(PluginError) {
  if call.allowsOwnNamespace || call.namespacePath.isEmpty { return }
  guard let target = try? FileIdentity(ofPath: call.namespacePath) else { return }
  let own: FileIdentity
  do throws(SystemError) {
    // Of the thread: `/proc/self` is the main thread's.
    own = try FileIdentity(ofPath: "/proc/thread-self/ns/net")
  } catch {
    throw PluginError(.invalidNamespace, "get plugin's netns failed", details: error.description)
  }
  if target == own {
    throw PluginError(
      .invalidNamespace, "plugin's netns and netns from CNI_NETNS should not be the same")
  }
}

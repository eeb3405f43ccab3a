internal import LinuxSystem
internal import NetworkNamespaces

/// Refuses to work on the namespace that the plugin itself runs in: that would change the host.
///
/// The reference finds out after the work is done. A path that leads to no namespace is not the same one; the plugin
/// will say what it thinks of it.
func refuseOwnNamespace(_ call: Call) throws(PluginError) {
  if call.allowsOwnNamespace || call.namespacePath.isEmpty { return }
  let target: NetworkNamespace
  do throws(SystemError) { target = try NetworkNamespace(path: call.namespacePath) } catch { return }
  let own: NetworkNamespace
  do throws(SystemError) {
    own = try NetworkNamespace.current()
  } catch {
    throw PluginError(.invalidNamespace, "get plugin's netns failed", details: error.description)
  }
  if target.isSame(as: own) {
    throw PluginError(.invalidNamespace, "plugin's netns and netns from CNI_NETNS should not be the same")
  }
}

// Every plugin as one executable: the name that it is called by says which (see PluginTable.standard in Plugins).
import CLinux
import CNI
import Plugins

let status = Dispatcher(
  invocation: String(cString: swiftcni_invocation()), plugins: .standard,
  softwareVersion: "swift-cni \(softwareVersion)"
).run()
exit(status)

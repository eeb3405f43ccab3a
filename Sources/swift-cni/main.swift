// Every plugin as one executable: the name that it is called by says which (see PluginTable.standard in Plugins).
import CNI
import Glibc
import Plugins

let status = Dispatcher(
  invocation: CommandLine.arguments.first ?? "", plugins: .standard, softwareVersion: "swift-cni \(softwareVersion)"
).run()
exit(status)

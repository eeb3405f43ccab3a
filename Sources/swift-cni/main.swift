// Every plugin as one executable: the name that it is called by says which (see PluginTable.standard in Plugins).
import CNI
import Plugins

exit(
  Dispatcher(invocation: CommandLine.arguments.first ?? "", plugins: .standard, softwareVersion: softwareVersion).run())

internal import NetworkAddresses
internal import CNI
struct IPTablesFirewall { let adminChain: String
 func add(_ a: [IPAddress]) throws(PluginError) {}
 func delete(_ a: [IPAddress]) throws(PluginError) {}
 func check(_ a: [IPAddress]) throws(PluginError) {}
}
enum IPTables { static func require(_ f: AddressFamily) throws(PluginError) -> Int { 0 } }

public import CNI

extension PluginTable {
  /// The plugins that the executable is. A new one gets its name and its line here, and its folder below `Main`, `IPAM`
  /// or `Meta`.
  public static let standard = PluginTable(names: ["bridge", "ptp", "loopback", "host-local", "static"]) { name in
    switch name {
    case "bridge": Bridge()
    case "ptp": PointToPoint()
    case "loopback": Loopback()
    case "host-local": HostLocal()
    case "static": Static()
    default: nil
    }
  }
}

public import CNI

extension PluginTable {
  /// The plugins that the executable is. See `docs/adding-a-plugin.md`.
  public static let standard = PluginTable([
    Bridge(),
    PointToPoint(),
    Loopback(),
    HostLocal(),
    Static(),
    PortMap(),
    Firewall(),
    Bandwidth(),
    Tuning(),
    SourceBasedRouting(),
  ])
}

internal import CNI
internal import LinuxSystem
internal import NetworkAddresses
internal import SystemPackage

/// The daemon firewalld, asked over D-Bus to take packets from containers as those of a zone.
///
/// What it is told lasts until it is reloaded or ends: these are its "runtime" settings.
struct Firewalld: ~Copyable {
  /// The zone that the addresses are put into: `trusted`.
  let zone: String

  private var connection: DBusConnection

  /// Connects to the system bus.
  ///
  /// - Returns: nil where there is none.
  static func openIfPresent(zone: String, environment: Environment) throws(PluginError) -> Firewalld? {
    do throws(DBusError) {
      return Firewalld(zone: zone, connection: try DBusConnection.open(environment: environment))
    } catch {
      if case .noBus(let error) = error, error.code == .noSuchFileOrDirectory || error.code == .connectionRefused {
        return nil
      }
      throw PluginError(error)
    }
  }

  /// Connects to the system bus, which must be there.
  static func open(zone: String, environment: Environment) throws(PluginError) -> Firewalld {
    do throws(DBusError) {
      return Firewalld(zone: zone, connection: try DBusConnection.open(environment: environment))
    } catch {
      throw PluginError(error).during("no firewalld can be asked")
    }
  }

  private init(zone: String, connection: consuming DBusConnection) {
    self.zone = zone
    self.connection = connection
  }

  /// Puts an address into the zone. One that is in it already is fine.
  mutating func add(_ address: IPAddress) throws(PluginError) {
    let source = CIDR(host: address).description
    do throws(DBusError) {
      _ = try connection.call(Firewalld.call("addSource", zone, source))
    } catch {
      if error.saysThatSourceIsThere { return }
      throw PluginError(error).during("failed to add the address \(source) to \(zone) zone")
    }
  }

  /// Takes an address out of the zone. One that is not in it, a zone that is not there, and a daemon that does not run are
  /// fine: then there is nothing to take out.
  mutating func remove(_ address: IPAddress) throws(PluginError) {
    let source = CIDR(host: address).description
    do throws(DBusError) {
      _ = try connection.call(Firewalld.call("removeSource", zone, source))
    } catch {
      if case .answered = error { return }
      throw PluginError(error).during("failed to remove the address \(source) from \(zone) zone")
    }
  }

  /// Throws where an address is not in the zone, or where nobody knows.
  mutating func check(_ address: IPAddress) throws(PluginError) {
    let source = CIDR(host: address).description
    let failure = "failed to find the address \(source) in \(zone) zone"
    let reply: DBusReply
    do throws(DBusError) {
      reply = try connection.call(Firewalld.call("querySource", zone, source))
    } catch {
      throw PluginError(error).during(failure)
    }
    guard reply.boolean == true else { throw PluginError(failure) }
  }

  /// Throws where the daemon does not run.
  mutating func checkPresence() throws(PluginError) {
    do throws(DBusError) {
      _ = try connection.call(
        DBusCall(
          destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
          member: "GetNameOwner", arguments: [service]))
    } catch {
      throw PluginError(error).during("firewalld does not run")
    }
  }

  private static func call(_ method: String, _ zone: String, _ source: String) -> DBusCall {
    DBusCall(
      destination: service, path: "/org/fedoraproject/FirewallD1", interface: "\(service).zone", member: method,
      arguments: [zone, source])
  }
}

/// The name of firewalld on the bus.
private let service = "org.fedoraproject.FirewallD1"

extension DBusError {
  /// Whether firewalld says that the address is in the zone already.
  fileprivate var saysThatSourceIsThere: Bool {
    guard case .answered(_, let message) = self else { return false }
    let text = message.utf8
    // (`contains` of a text would bring the regular expressions of the standard library along.)
    return text.indices.contains { text[$0...].starts(with: "ZONE_ALREADY_SET".utf8) }
  }
}

extension PluginError {
  /// A bus or a daemon that does not answer may do so the next time.
  fileprivate init(_ error: DBusError) {
    if case .timedOut = error {
      self.init(.tryAgain, error.description)
    } else {
      self.init(.internal, error.description)
    }
  }
}

import CNI
import NetworkAddresses
import RouteNetlink
import Testing

@testable import Plugins

/// What of the ptp plugin can be decided without a kernel.
@Suite("The ptp plugin")
struct PointToPointTests {
  private func containerRoutes(_ addresses: [(String, gateway: String?)]) throws -> [String] {
    let addresses = try addresses.map { address, gateway in
      AttachmentAddress(address: try #require(CIDR(address)), gateway: gateway.flatMap { IPAddress($0) })
    }
    return try PointToPointRoutes(addresses).containerRoutes(through: 7).map { route in
      let way = route.gateway.map { "via \($0)" } ?? "link"
      return "\(route.destination) \(way) from \(route.source.map(\.description) ?? "?")"
    }
  }

  @Test("A container reaches its gateway, and through it its own subnet")
  func subnet() throws {
    #expect(
      try containerRoutes([("10.1.0.5/24", "10.1.0.1"), ("fd00::5/64", "fd00::1")]) == [
        "10.1.0.1/32 link from 10.1.0.5", "10.1.0.0/24 via 10.1.0.1 from 10.1.0.5", "fd00::1/128 link from fd00::5",
        "fd00::/64 via fd00::1 from fd00::5",
      ])
  }

  @Test("An address without a subnet has no way to one")
  func host() throws {
    #expect(try containerRoutes([("10.1.0.5/32", "169.254.1.1")]) == ["169.254.1.1/32 link from 10.1.0.5"])
  }

  @Test(
    "An address without a gateway of its family leaves the host's end without an address",
    arguments: [nil, "fd00::1"])
  func noGateway(_ gateway: String?) throws {
    let error = #expect(throws: PluginError.self) { try containerRoutes([("10.1.0.5/24", gateway)]) }
    #expect(error?.message == "address 10.1.0.5/24 has no gateway")
  }
}

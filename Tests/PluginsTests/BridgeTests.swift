import CNI
import JSON
import RouteNetlink
import Testing

@testable import Plugins

/// What of the bridge plugin can be decided without a kernel.
@Suite("The bridge plugin")
struct BridgeTests {
  private func memberships(_ configuration: String) throws -> [String] {
    try BridgeVLANs(JSONValue(parsing: Array(configuration.utf8))).memberships.map { vlan in
      "\(vlan.id)\(vlan.isPVID ? " pvid" : "")\(vlan.isUntagged ? " untagged" : "")"
    }
  }

  @Test("A port is in no VLAN unless the configuration names one", arguments: ["{}", #"{"vlanTrunk": []}"#])
  func noVLAN(_ configuration: String) throws {
    #expect(try memberships(configuration).isEmpty)
  }

  @Test("An access port is in its VLAN, without a tag")
  func access() throws {
    #expect(try memberships(#"{"vlan": 100}"#) == ["100 pvid untagged"])
  }

  @Test("Elements of a trunk may overlap, and come in ascending order")
  func trunk() throws {
    #expect(
      try memberships(#"{"vlanTrunk": [{"id": 20}, {"minID": 10, "maxID": 12}, {"id": 11}]}"#)
        == ["1 pvid untagged", "10", "11", "12", "20"])
  }

  @Test("Packets without a tag keep their VLAN where the trunk names it, too")
  func trunkWithNativeVLAN() throws {
    #expect(try memberships(#"{"vlanTrunk": [{"minID": 1, "maxID": 3}]}"#) == ["1 pvid untagged", "2", "3"])
    #expect(
      try memberships(#"{"vlan": 2, "vlanTrunk": [{"minID": 1, "maxID": 3}]}"#) == ["2 pvid untagged", "1", "3"])
    #expect(try memberships(#"{"vlanTrunk": [{"minID": 1, "maxID": 4094}]}"#).count == 4094)
  }

  @Test("A VLAN that switches reserve is refused with its key", arguments: [-1, 4095, 65_636])
  func reserved(_ id: Int) throws {
    let error = #expect(throws: PluginError.self) { try memberships(#"{"vlan": \#(id)}"#) }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.message == "invalid VLAN ID \(id) (must be between 0 and 4094)")
  }
}

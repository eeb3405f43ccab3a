import Testing

@testable import Plugins

/// The names that the reference derives, against names that it gave.
@Suite("Names of the reference")
struct ReferenceNamesTests {
  private static let longID = String(repeating: "0123456789abcdef", count: 4)

  @Test(
    "Chains of published ports",
    arguments: [
      ("mtnet", "mtc1", "c4235a692f87afe48f3ff"), ("test", "1234", "2bbe0c48b91a7d1b8a675"),
      ("k8s-pod-network", longID, "ce0bd88d2c9cb28103e1a"),
      ("podman", String(repeating: "a", count: 64), "cad98ecec5aec20b943c4"),
    ])
  func portMapping(_ network: String, _ containerID: String, _ digits: String) {
    #expect(ReferenceNames.portMapping(network: network, containerID: containerID) == "CNI-DN-\(digits)")
    #expect(ReferenceNames.portMappingMasquerade(network: network, containerID: containerID) == "CNI-SN-\(digits)")
  }

  @Test(
    "Chains that masquerade",
    arguments: [
      ("n1", "cid1", "CNI-ca7a875c2b85fc44a855128b"),
      ("mynet", "0123456789abcdef", "CNI-7166596e80d917931ad582d5"),
    ])
  func masquerade(_ network: String, _ containerID: String, _ chain: String) {
    #expect(ReferenceNames.masquerade(network: network, containerID: containerID) == chain)
  }

  @Test(
    "Comments of rules that masquerade",
    arguments: [
      ("n1", "eth0", "cid1", "43d91f8451058a70-0b65a318f52e521b"),
      ("mynet", "net1", "0123456789abcdef", "d23676b4f2d9fe04-0672c13cc3fdd067"),
    ])
  func masqueradeInstance(_ network: String, _ interface: String, _ containerID: String, _ instance: String) {
    #expect(
      ReferenceNames.masqueradeInstance(network: network, interfaceName: interface, containerID: containerID)
        == instance)
  }
}

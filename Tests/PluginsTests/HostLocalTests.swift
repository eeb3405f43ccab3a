import TestSupport
import Testing

/// The verbs of host-local on a store of files.
@Suite struct HostLocalTests {
  let hostLocal: PluginCaller
  let slash24 = #""subnet": "10.1.0.0/24""#
  let twoSets = #""ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "10.2.0.0/24"}]]"#

  init() throws { hostLocal = try PluginCaller("host-local") }

  func leases() throws -> [String] {
    try hostLocal.directory.names(in: "n1").filter { $0 != "lock" && !$0.hasPrefix("last_reserved_ip.") }
  }

  // MARK: Requested addresses

  @Test func addressesThatAreAskedForAreGiven() throws {
    #expect(try hostLocal.call("ADD", slash24, arguments: "IP=10.1.0.50").addresses == ["10.1.0.50/24 via 10.1.0.1"])
    let answer = try hostLocal.call(
      "ADD", twoSets,
      more: #""args": {"cni": {"ips": ["10.2.0.60/16"]}}, "runtimeConfig": {"ips": ["10.1.0.60", "10.1.0.60"]}"#,
      container: "cid2")
    #expect(answer.addresses == ["10.1.0.60/24 via 10.1.0.1", "10.2.0.60/24 via 10.2.0.1"])
    #expect(try hostLocal.directory.read("n1/last_reserved_ip.0") == Array("10.1.0.60".utf8))
  }

  @Test(arguments: [
    ("IP=10.1.0.1", 7, "failed to allocate for range 0: requested ip 10.1.0.1 is subnet's gateway"),
    ("IP=10.9.0.1", 7, "failed to allocate all requested IPs: 10.9.0.1"),
    ("IP=a,b", 4, #"ARGS: error parsing value of pair "IP=a,b": invalid IP address a,b"#),
  ])
  func addressesThatCannotBeAskedForAreRefused(_ arguments: String, _ code: Int, _ message: String) throws {
    let answer = try hostLocal.call("ADD", slash24, arguments: arguments)
    #expect(answer.message == message)
    #expect(answer.code == code)
    #expect(try hostLocal.directory.names().isEmpty || leases().isEmpty)
  }

  @Test(arguments: [
    (#"["bad"]"#, "runtimeConfig.ips[0]: invalid IP address bad"),
    (#"["10.1.0.9", ""]"#, "runtimeConfig.ips[1]: cannot understand ip: IP <nil> not v4 nor v6"),
  ])
  func listsOfAddressesThatAreNoneAreRefused(_ list: String, _ message: String) throws {
    #expect(try hostLocal.call("ADD", slash24, more: #""runtimeConfig": {"ips": \#(list)}"#).message == message)
  }

  @Test func anAddressThatIsTakenIsRefusedWithItsHolder() throws {
    _ = try hostLocal.call("ADD", slash24, arguments: "IP=10.1.0.50")
    let answer = try hostLocal.call("ADD", slash24, container: "cid2", arguments: "IP=10.1.0.50")
    #expect(
      answer.message
        == "failed to allocate for range 0: requested IP address 10.1.0.50 is not available in range set "
        + "10.1.0.1-10.1.0.254")
    #expect(answer.details?.hasPrefix("it is leased to container cid1, interface eth0, since 20") == true)
    #expect(answer.code == 11)
  }

  // MARK: ADD

  @Test func oneInterfaceGetsOneAddressOfASet() throws {
    _ = try hostLocal.call("ADD", slash24)
    let answer = try hostLocal.call("ADD", slash24)
    #expect(
      answer.message
        == "failed to allocate for range 0: 10.1.0.2 has been allocated to cid1, duplicate allocation is not allowed")
    #expect(try hostLocal.call("ADD", slash24, interface: "eth1").addresses == ["10.1.0.3/24 via 10.1.0.1"])
    #expect(try leases() == ["10.1.0.2", "10.1.0.3"])
  }

  @Test func anExhaustedRangeSaysHowMuchItHasAndWhoHasIt() throws {
    let ipam = #""ranges": [[{"subnet": "10.1.0.0/29", "rangeEnd": "10.1.0.3"}, {"subnet": "10.2.0.0/30"}]]"#
    for container in ["a", "b", "c"] { #expect(try hostLocal.call("ADD", ipam, container: container).status == 0) }
    let answer = try hostLocal.call("ADD", ipam, container: "d")
    #expect(
      answer.message
        == "failed to allocate for range 0: no IP addresses available in range set: "
        + "10.1.0.1-10.1.0.3,10.2.0.1-10.2.0.2")
    #expect(answer.details?.hasPrefix("3 of 3 usable addresses are leased; 0 could be reclaimed by GC or DEL") == true)
    // "…; the oldest leases: 10.1.0.2 since 2026-11-24T10:00:00Z by container a, interface eth0, 10.1.0.3 since …"
    let details = try #require(answer.details).replacing(/since [-0-9T:]+Z/, with: "since then")
    let oldest = [("10.1.0.2", "a"), ("10.1.0.3", "b"), ("10.2.0.2", "c")].map {
      "\($0) since then by container \($1), interface eth0"
    }
    #expect(details.hasSuffix("; the oldest leases: " + oldest.joined(separator: ", ")))
    #expect(answer.code == 11)
  }

  @Test func aFailedAddGivesBackItsOwnReservationsAndNoEarlierOne() throws {
    #expect(try hostLocal.call("ADD", twoSets).status == 0)
    // The first set has the address that is asked for; the second refuses a second lease.
    let answer = try hostLocal.call("ADD", twoSets, arguments: "IP=10.1.0.77")
    #expect(
      answer.message
        == "failed to allocate for range 1: 10.2.0.2 has been allocated to cid1, duplicate allocation is not allowed")
    #expect(try leases() == ["10.1.0.2", "10.2.0.2"])
    #expect(try hostLocal.directory.read("n1/last_reserved_ip.0") == Array("10.1.0.2".utf8))

    #expect(try hostLocal.call("ADD", twoSets, container: "cid2", arguments: "IP=10.9.0.1").status == 1)
    #expect(try leases() == ["10.1.0.2", "10.2.0.2"])
  }

  @Test func argumentsOfOthersAreNoReasonToFail() throws {
    #expect(try hostLocal.call("ADD", slash24, arguments: "MAC=0a:00:00:00:00:01;GATEWAY=10.1.0.1;").status == 0)
    let answer = try hostLocal.call("ADD", slash24, container: "cid2", arguments: "K8S_POD_NAME=web")
    #expect(answer.message == #"ARGS: unknown args ["K8S_POD_NAME=web"]"#)
    #expect(
      try hostLocal.call("ADD", slash24, container: "cid2", arguments: "IgnoreUnknown=1;K8S_POD_NAME=web").status == 0)
  }

  // MARK: DEL

  @Test func whatWasAddedIsReleasedAndASecondTimeIsFine() throws {
    _ = try hostLocal.call("ADD", twoSets)
    _ = try hostLocal.call("ADD", twoSets, interface: "eth1")
    for _ in 1...2 {
      let answer = try hostLocal.call("DEL", twoSets)
      #expect(answer.status == 0 && answer.json == nil)
      #expect(try leases() == ["10.1.0.3", "10.2.0.3"])
    }
  }

  @Test(arguments: [#""ranges": [[{"subnet": "10.1.0.5/24"}]]"#, #""ranges": "x""#, ""])
  func aReleaseNeedsNeitherRangesNorArguments(_ ipam: String) throws {
    _ = try hostLocal.call("ADD", slash24)
    #expect(try hostLocal.call("DEL", ipam, arguments: "what=ever;=").status == 0)
    #expect(try leases() == [])
  }

  @Test func aReleaseMakesNothing() throws {
    #expect(try hostLocal.call("DEL", slash24).status == 0)
    #expect(try hostLocal.call("GC", slash24).status == 0)
    #expect(try hostLocal.directory.names() == [])
  }

  // MARK: CHECK

  @Test func whoHoldsNothingFailsTheCheck() throws {
    let answer = try hostLocal.call("CHECK", slash24)
    #expect(answer.message == "host-local: Failed to find address added by container cid1")
    #expect(try hostLocal.directory.names() == [])
  }

  @Test func theAddressesOfTheResultThatAreOursMustBeHeld() throws {
    _ = try hostLocal.call("ADD", slash24)
    #expect(try hostLocal.call("CHECK", slash24).status == 0)
    #expect(try hostLocal.call("CHECK", slash24, more: previous("10.1.0.2/24", "192.168.0.1/24")).status == 0)
    let answer = try hostLocal.call("CHECK", slash24, more: previous("10.1.0.2/24", "10.1.0.9/24"))
    #expect(answer.message == "host-local: Failed to find address added by container cid1")
    #expect(answer.details == "10.1.0.9 is not leased to it")
  }

  @Test func anOldLeaseOfTheContainerCountsAsHeld() throws {
    try hostLocal.directory.write("cid1".utf8, to: "n1/10.1.0.8")
    #expect(try hostLocal.call("CHECK", slash24, more: previous("10.1.0.8/24")).status == 0)
    #expect(try hostLocal.call("DEL", slash24).status == 0)
    #expect(try leases() == [])
  }

  private func previous(_ addresses: String...) -> String {
    let ips = addresses.map { #"{"address": "\#($0)"}"# }.joined(separator: ", ")
    return #""prevResult": {"cniVersion": "1.1.0", "ips": [\#(ips)]}"#
  }

  // MARK: GC

  @Test(arguments: ["cni.dev/valid-attachments", "cni.dev/attachments"])
  func garbageIsWhatNoValidAttachmentHolds(_ key: String) throws {
    for container in ["cid1", "cid2", "cid3"] { _ = try hostLocal.call("ADD", slash24, container: container) }
    _ = try hostLocal.call("ADD", slash24, interface: "eth1")
    try hostLocal.directory.write([], to: "n1/10.1.0.200")
    let valid = #""\#(key)": [{"containerID": "cid1", "ifname": "eth0"}, {"containerID": "cid3", "ifname": "eth0"}]"#
    #expect(try hostLocal.call("GC", slash24, more: valid).status == 0)
    #expect(try leases() == ["10.1.0.2", "10.1.0.4"])
    #expect(try hostLocal.directory.names(in: "n1").contains("last_reserved_ip.0"))
  }

  @Test(arguments: ["", #""cni.dev/valid-attachments": null"#, #""cni.dev/valid-attachments": []"#])
  func noValidAttachmentMakesEveryLeaseGarbage(_ more: String) throws {
    _ = try hostLocal.call("ADD", slash24)
    #expect(try hostLocal.call("GC", slash24, more: more).status == 0)
    #expect(try leases() == [])
  }

  @Test func anAttachmentThatCannotBeReadStopsTheCollection() throws {
    _ = try hostLocal.call("ADD", slash24)
    #expect(try hostLocal.call("GC", slash24, more: #""cni.dev/valid-attachments": [{"ifname": 7}]"#).status == 1)
    #expect(try leases() == ["10.1.0.2"])
  }

  @Test func aReleaseReadsNothingButHowLongAddressesRest() throws {
    let range = #""subnet": "10.1.0.0/30", "releaseCooldown": 3600"#
    _ = try hostLocal.call("ADD", range)
    #expect(try hostLocal.call("DEL", range + #", "stableAddresses": 7, "exclude": 7"#).status == 0)
    #expect(try hostLocal.call("ADD", range, container: "cid2").code == 11)
    #expect(try hostLocal.call("ADD", range).addresses == ["10.1.0.2/30 via 10.1.0.1"])
    #expect(try hostLocal.call("DEL", #""subnet": "10.1.0.0/30", "releaseCooldown": "soon""#).status == 0)
    #expect(try leases() == [])
  }

  @Test func addressesInTheGuiseOfOthersAreNotHandedOut() throws {
    let range = #""subnet": "::/64", "rangeStart": "::fffe:ffff:ffff", "rangeEnd": "::1:0:0:5""#
    let addresses = try ["a", "b"].flatMap { try hostLocal.call("ADD", range, container: $0).addresses }
    #expect(addresses == ["::fffe:ffff:ffff/64 via ::1", "::1:0:0:0/64 via ::1"])
  }

  // MARK: STATUS

  @Test func statusIsFineWhileThereAreAddresses() throws {
    let answer = try hostLocal.call("STATUS", slash24)
    #expect(answer.status == 0 && answer.json == nil)
    #expect(try leases() == [])
  }

  @Test func statusSaysThatASetIsExhausted() throws {
    let ipam = #""ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "10.2.0.0/30"}]]"#
    _ = try hostLocal.call("ADD", ipam)
    let answer = try hostLocal.call("STATUS", ipam)
    #expect(answer.code == 50)
    #expect(answer.message == "no IP addresses available in range set: 10.2.0.1-10.2.0.2")
    #expect(answer.details?.hasPrefix("1 of 1 usable addresses are leased; ") == true)
  }

  @Test func statusSaysThatTheStoreCannotBeWritten() throws {
    // A file where the network's directory should be.
    try hostLocal.directory.write([], to: "n1")
    let answer = try hostLocal.call("STATUS", slash24)
    #expect(answer.code == 50)
    #expect(answer.message?.hasSuffix("not a directory") == true)
  }

  @Test func statusDoesNotAskForRangesThatComeWithEachContainer() throws {
    #expect(try hostLocal.call("STATUS", more: #""capabilities": {"ipRanges": true}"#).status == 0)
    #expect(try hostLocal.call("STATUS", more: #""capabilities": {"ipRanges": false}"#).status == 1)
  }
}

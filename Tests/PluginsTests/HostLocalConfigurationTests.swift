import TestSupport
import Testing

/// What host-local accepts and what it says to what it refuses.
@Suite struct HostLocalConfigurationTests {
  let hostLocal: PluginCaller

  init() throws { hostLocal = try PluginCaller("host-local") }

  @Test(arguments: [
    (
      #""ranges": [[{"subnet": "10.1.0.5/24"}]]"#,
      "invalid range set 0: Network has host bits set. For a subnet mask of length 24 the network address is 10.1.0.0"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/31"}]]"#, "invalid range set 0: Network 10.1.0.0/31 too small to allocate from"
    ),
    (#""ranges": [[{"subnet": "fd00::/127"}]]"#, "invalid range set 0: Network fd00::/127 too small to allocate from"),
    (#""ranges": [[{"subnet": "10.1.0.0/33"}]]"#, "ipam.ranges[0][0].subnet: invalid CIDR address: 10.1.0.0/33"),
    (#""ranges": [[{"subnet": "::ffff:10.1.0.0/120"}]]"#, "invalid range set 0: IPNet IP and Mask version mismatch"),
    (#""ranges": [[{"gateway": "10.1.0.1"}]]"#, "invalid range set 0: a range has no subnet"),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24", "rangeStart": "10.2.0.1"}]]"#,
      "invalid range set 0: RangeStart 10.2.0.1 not in network 10.1.0.0/24"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.8"}]]"#,
      "invalid range set 0: RangeStart 10.1.0.9 not in network 10.1.0.0/24"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.255"}]]"#,
      "invalid range set 0: RangeStart 10.1.0.255 not in network 10.1.0.0/24"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24", "rangeEnd": "10.2.0.9"}]]"#,
      "invalid range set 0: RangeEnd 10.2.0.9 not in network 10.1.0.0/24"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24", "rangeEnd": "10.1.0.0"}]]"#,
      "invalid range set 0: RangeEnd 10.1.0.0 not in network 10.1.0.0/24"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24", "rangeStart": "x"}]]"#,
      "ipam.ranges[0][0].rangeStart: invalid IP address: x"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24", "exclude": ["10.1.0.9", "10.2.0.0/16"]}]]"#,
      "invalid range set 0: excluded 10.2.0.0/16 is not in network 10.1.0.0/24"
    ),
    (#""subnet": "10.1.0.0/24", "exclude": ["fd00::1"]"#, "ipam.exclude: fd00::1 is in no range"),
    (
      #""subnet": "10.1.0.0/24", "exclude": ["10.1.0.5/30"]"#,
      "ipam.exclude[0]: 10.1.0.5/30 has host bits set; the network is 10.1.0.4/30"
    ),
    (
      #""subnet": "10.1.0.0/24", "releaseCooldown": -1"#,
      "ipam.releaseCooldown: -1 is not between 0 and 86400 seconds"
    ),
    (
      #""subnet": "10.1.0.0/24", "releaseCooldown": 86401"#,
      "ipam.releaseCooldown: 86401 is not between 0 and 86400 seconds"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24", "stableAddresses": true}]]"#,
      "ipam.ranges[0][0]: stableAddresses belongs beside the ranges, not into one"
    ),
    (#""ranges": []"#, "no IP ranges specified"),
    (#""gateway": "10.1.0.1", "rangeStart": "10.1.0.2""#, "no IP ranges specified"),
    (#""ranges": [[{"subnet": "10.1.0.0/24"}], []]"#, "invalid range set 1: empty range set"),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24"}, {"subnet": "fd00::/64"}]]"#,
      "invalid range set 0: mixed address families"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24"}, {"subnet": "10.1.0.128/25"}]]"#,
      "invalid range set 0: subnets 10.1.0.1-10.1.0.254 and 10.1.0.129-10.1.0.254 overlap"
    ),
    (
      #""ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd00::/64"}], [{"subnet": "10.1.0.0/16"}]]"#,
      "range set 0 overlaps with 2"
    ),
    (#""subnet": "10.1.0.0/24", "routes": [{"dst": "nowhere"}]"#, "ipam.routes[0].dst: invalid CIDR address: nowhere"),
  ])
  func aWrongConfigurationIsRefused(_ ipam: String, _ message: String) throws {
    for command in ["ADD", "CHECK", "STATUS"] {
      let answer = try hostLocal.call(command, ipam)
      #expect(answer.message == message, "\(command)")
      #expect(answer.code == 7, "\(command)")
    }
    #expect(try hostLocal.directory.names() == [])
  }

  @Test func aValueOfTheWrongTypeIsAFaultOfDecoding() throws {
    let answer = try hostLocal.call("ADD", #""ranges": [[{"subnet": 7}]]"#)
    #expect(answer.message == "ipam.ranges[0][0].subnet: expected string, found integer")
    #expect(answer.code == 6)
  }

  @Test func anAbsentIPAMKeyIsAnError() throws {
    let answer = try hostLocal.call("ADD", members: #""ipam": null"#)
    #expect(answer.message == "IPAM config missing 'ipam' key")
    #expect(answer.code == 7)
  }

  @Test func oldVersionsTellOneAddressOfEachFamily() throws {
    let two = #""ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "10.2.0.0/24"}]]"#
    let answer = try hostLocal.call("ADD", two, version: "0.2.0")
    #expect(answer.message == "CNI version 0.2.0 does not support more than 1 address per family")
    #expect(try hostLocal.call("ADD", two, version: "0.3.0").status == 0)
    let dual = #""ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd00::/64"}]]"#
    #expect(try hostLocal.call("ADD", dual, version: "0.2.0", container: "cid2").status == 0)
  }

  @Test func setsStandInTheOrderOfCapabilityOldFormRanges() throws {
    let answer = try hostLocal.call(
      "ADD", #""subnet": "10.2.0.0/24", "ranges": [[{"subnet": "10.3.0.0/24"}]]"#,
      more: #""runtimeConfig": {"ipRanges": [[{"subnet": "10.1.0.0/24", "gateway": "192.168.0.1"}]]}"#)
    #expect(
      answer.addresses == ["10.1.0.1/24 via 192.168.0.1", "10.2.0.2/24 via 10.2.0.1", "10.3.0.2/24 via 10.3.0.1"])
    #expect(try hostLocal.directory.read("n1/last_reserved_ip.2") == Array("10.3.0.2".utf8))
  }

  @Test func theEndsOfASubnetAreGivenWhereTheyAreNamed() throws {
    let ipam = #""subnet": "10.1.0.0/30", "rangeStart": "10.1.0.0", "rangeEnd": "10.1.0.3", "gateway": "10.1.0.2""#
    #expect(try hostLocal.call("ADD", ipam, container: "a").addresses == ["10.1.0.0/30 via 10.1.0.2"])
    #expect(try hostLocal.call("ADD", ipam, container: "b").addresses == ["10.1.0.1/30 via 10.1.0.2"])
    #expect(try hostLocal.call("ADD", ipam, container: "c").addresses == ["10.1.0.3/30 via 10.1.0.2"])
  }

  @Test func smallIPv6NumbersStayIPv6() throws {
    let ipam = #""subnet": "::1:0:0/96""#
    #expect(try hostLocal.call("ADD", ipam).addresses == ["::1:0:2/96 via ::1:0:1"])
  }

  @Test func aLargeNetworkTakesNoLonger() throws {
    #expect(try hostLocal.call("ADD", #""subnet": "fd00::/48""#).addresses == ["fd00::2/48 via fd00::1"])
  }

  @Test func routesAndTheResolversFileComeBackInTheResult() throws {
    let file = """
      # comment
      ; comment
      domain first.example
        nameserver 10.0.0.53 trailing
      nameserver\t10.0.0.54
      search a.example b.example
      search c.example
      options ndots:5 edns0
      nameserver
      sortlist 10.0.0.0
      domain last.example
      """
    try hostLocal.directory.write(file.utf8, to: "resolv.conf")
    let answer = try hostLocal.call(
      "ADD",
      #""subnet": "10.1.0.0/24", "resolvConf": "\#(hostLocal.directory.file("resolv.conf"))", "#
        + #""routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.9.0.0/16", "gw": "10.1.0.9", "mtu": 1400, "table": 0}]"#)
    #expect(
      answer.text("dns")
        == #"{"domain":"last.example","nameservers":["10.0.0.53","10.0.0.54"],"options":["ndots:5","edns0"],"#
        + #""search":["a.example","b.example","c.example"]}"#)
    #expect(
      answer.text("routes")
        == #"[{"dst":"0.0.0.0/0"},{"dst":"10.9.0.0/16","gw":"10.1.0.9","mtu":1400,"table":0}]"#)
  }

  @Test func aResolversFileThatIsNotThereIsAnErrorBeforeAnythingIsReserved() throws {
    let answer = try hostLocal.call("ADD", #""subnet": "10.1.0.0/24", "resolvConf": "/nowhere/resolv.conf""#)
    #expect(answer.message?.hasSuffix("no such file or directory") == true)
    #expect(try hostLocal.directory.names() == [])
  }
}

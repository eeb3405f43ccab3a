import Testing

/// The static IPAM plugin.
@Suite struct StaticTests {
  let plugin: PluginCaller
  let two = #""addresses": [{"address": "10.1.0.5/24", "gateway": "10.1.0.1"}, {"address": "fd00::5/64"}]"#

  init() throws { plugin = try PluginCaller("static") }

  // MARK: ADD

  @Test func theAddressesOfTheConfigurationAreGivenInOrder() throws {
    let answer = try plugin.call(
      "ADD", two + #", "routes": [{"dst": "0.0.0.0/0"}], "dns": {"nameservers": ["10.1.0.53"]}"#)
    #expect(answer.addresses == ["10.1.0.5/24 via 10.1.0.1", "fd00::5/64"])
    #expect(answer.text("routes") == #"[{"dst":"0.0.0.0/0"}]"#)
    #expect(answer.text("dns") == #"{"nameservers":["10.1.0.53"]}"#)
  }

  @Test func argumentsAddAddressesAndTheirGateways() throws {
    let answer = try plugin.call(
      "ADD", two, arguments: "IP=10.2.0.7/24, 10.3.0.7/24;GATEWAY=10.2.0.1, 10.3.0.9,10.3.0.1")
    #expect(
      answer.addresses
        == ["10.1.0.5/24 via 10.1.0.1", "fd00::5/64", "10.2.0.7/24 via 10.2.0.1", "10.3.0.7/24 via 10.3.0.1"])
  }

  @Test func theGatewayOfTheArgumentsIsForEveryAddressWhoseNetworkItLiesIn() throws {
    #expect(
      try plugin.call("ADD", two, arguments: "GATEWAY=10.1.0.254,fd00::1").addresses
        == ["10.1.0.5/24 via 10.1.0.254", "fd00::5/64 via fd00::1"])
  }

  @Test func theCallersListTakesThePlaceOfAllOthers() throws {
    let arguments = #""args": {"cni": {"ips": ["10.4.0.4/24"]}}"#
    #expect(try plugin.call("ADD", two, more: arguments, arguments: "IP=10.2.0.7/24").addresses == ["10.4.0.4/24"])
    let both = arguments + #", "runtimeConfig": {"ips": ["10.5.0.5/24"]}"#
    #expect(try plugin.call("ADD", two, more: both).addresses == ["10.5.0.5/24"])
    let empty = #""runtimeConfig": {"ips": []}"#
    #expect(try plugin.call("ADD", two, more: empty).addresses == ["10.1.0.5/24 via 10.1.0.1", "fd00::5/64"])
  }

  @Test func noAddressIsAResultForThoseVersionsThatCanTellIt() throws {
    #expect(try plugin.call("ADD").status == 0)
    #expect(try plugin.call("ADD", version: "0.2.0").message == "cannot convert: no valid IP addresses")
  }

  @Test func hostBitsAreKept() throws {
    #expect(try plugin.call("ADD", #""addresses": [{"address": "10.1.0.255/16"}]"#).addresses == ["10.1.0.255/16"])
  }

  // MARK: Errors

  @Test(arguments: [
    (
      #""addresses": [{"address": "10.1.0.5"}]"#,
      "ipam.addresses[0]: the 'address' field is expected to be in CIDR notation, got: '10.1.0.5'"
    ),
    (#""addresses": [{}]"#, "ipam.addresses[0]: the 'address' field is expected to be in CIDR notation, got: ''"),
    (#""addresses": [{"address": "10.1.0.5/24", "gateway": "x"}]"#, "ipam.addresses[0].gateway: invalid IP address: x"),
  ])
  func aWrongConfigurationIsRefused(_ ipam: String, _ message: String) throws {
    for command in ["ADD", "CHECK", "STATUS"] {
      let answer = try plugin.call(command, ipam)
      #expect(answer.message == message, "\(command)")
      #expect(answer.code == 7, "\(command)")
    }
    #expect(try plugin.call("DEL", ipam).status == 0)
    #expect(try plugin.call("GC", ipam).status == 0)
  }

  @Test(arguments: ["args", "runtimeConfig"])
  func aWrongListOfTheCallerIsRefused(_ place: String) throws {
    let list = #"{"ips": ["10.1.0.5"]}"#
    let answer = try plugin.call("ADD", two, more: #""\#(place)": \#(place == "args" ? #"{"cni": \#(list)}"# : list)"#)
    #expect(
      answer.message?.hasSuffix("an entry in the 'ips' field is NOT in CIDR notation, got: '10.1.0.5'") == true)
  }

  @Test(arguments: [
    ("IP=10.1.0.5", "the 'ip' field is expected to be in CIDR notation, got: '10.1.0.5'"),
    ("IP=10.1.0.5/24,", "the 'ip' field is expected to be in CIDR notation, got: ''"),
    ("IP=10.1.0.5/24;GATEWAY=zz", "invalid gateway address: zz"),
  ])
  func wrongArgumentsAreRefused(_ arguments: String, _ message: String) throws {
    let answer = try plugin.call("ADD", arguments: arguments)
    #expect(answer.message == message)
    #expect(answer.code == 4)
  }

  @Test func anAbsentIPAMKeyIsAnError() throws {
    #expect(try plugin.call("ADD", members: #""args": {}"#).message == "IPAM config missing 'ipam' key")
  }

  @Test func oldVersionsTellOneAddressOfEachFamily() throws {
    #expect(try plugin.call("ADD", two, version: "0.2.0").status == 0)
    #expect(
      try plugin.call("ADD", two, version: "0.2.0", arguments: "IP=10.2.0.5/24").message
        == "CNI version 0.2.0 does not support more than 1 address per family")
  }

  // MARK: CHECK

  @Test func aCheckNeedsTheResult() throws {
    #expect(try plugin.call("CHECK", two).message == "Required prevResult missing")
  }

  @Test(
    arguments: [
      (#"{"address": "10.1.0.5/16", "gateway": "10.1.0.1"}, {"address": "fd00::5/64", "gateway": "fd00::1"}"#, nil),
      (
        #"{"address": "10.1.0.5/24", "gateway": "10.1.0.9"}, {"address": "fd00::5/64"}"#,
        "static: Failed to match addr 10.1.0.5 on interface eth0"
      ),
      (#"{"address": "10.1.0.5/24", "gateway": "10.1.0.1"}"#, "static: Failed to find addr fd00::5 on interface eth0"),
    ] as [(String, String?)])
  func everyAddressMustBeInTheResult(_ ips: String, _ message: String?) throws {
    let answer = try plugin.call("CHECK", two, more: #""prevResult": {"cniVersion": "1.1.0", "ips": [\#(ips)]}"#)
    #expect(answer.message == message)
    #expect(answer.status == (message == nil ? 0 : 1))
  }
}

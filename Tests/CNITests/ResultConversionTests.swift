import CNI
import JSON
import NetworkAddresses
import Testing

/// Results go through `prevResult` of a plugin that prints it back, as they do in a chain.
@Suite("Conversion of results")
struct ResultConversionTests {
  private func parse(_ text: String, _ version: SpecVersion) throws -> AttachmentResult {
    try AttachmentResult(json: JSONValue(parsing: Array(text.utf8)), version: version)
  }

  @Test("a full result loses nothing in its own family", arguments: SpecVersion.allCases)
  func roundTrip(version: SpecVersion) throws {
    let text = try ResultShapeTests.full.encode(as: version)
    let result = try AttachmentResult(json: JSONValue(parsing: text), version: version)
    #expect(try result.encode(as: version) == text)
    for other in SpecVersion.allCases where other.family == version.family {
      #expect(try AttachmentResult(json: JSONValue(parsing: text), version: other) == result)
    }
    if version.family == .v1 { #expect(result == ResultShapeTests.full) }
  }

  @Test("0.1 and 0.2 to the newer ones", arguments: [SpecVersion.v0_1_0, .v0_2_0])
  func upFromOldest(version: SpecVersion) throws {
    let result = try parse(
      #"""
      {"cniVersion": "0.2.0",
       "ip6": {"ip": "fd00::5/64", "gateway": "fd00::1", "routes": [{"dst": "::/0", "gw": "fd00::9"}]},
       "ip4": {"ip": "10.1.0.5/16", "gateway": "10.1.0.1", "routes": [{"dst": "0.0.0.0/0"}]},
       "dns": {"nameservers": ["10.1.0.1"]}}
      """#, version)
    #expect(
      result
        == AttachmentResult(
          addresses: [
            AttachmentAddress(address: cidr("10.1.0.5/16"), gateway: ip("10.1.0.1")),
            AttachmentAddress(address: cidr("fd00::5/64"), gateway: ip("fd00::1")),
          ],
          routes: [
            AttachmentRoute(destination: cidr("0.0.0.0/0")),
            AttachmentRoute(destination: cidr("::/0"), gateway: ip("fd00::9")),
          ],
          dns: AttachmentDNS(nameservers: ["10.1.0.1"])))
    #expect(try parse(String(decoding: result.encode(as: .v0_4_0), as: UTF8.self), .v0_4_0) == result)
    #expect(try parse(String(decoding: result.encode(as: version), as: UTF8.self), version) == result)
  }

  @Test("0.3 and 0.4 need no version at an address, and believe the address if it is wrong")
  func missingVersion() throws {
    let result = try parse(
      #"{"ips": [{"address": "fd00::5/64", "version": "4"}, {"address": "10.1.0.5/16"}]}"#, .v0_4_0)
    let text = String(decoding: try result.encode(as: .v0_2_0), as: UTF8.self)
    #expect(text.contains(#""ip4": {\#n        "ip": "10.1.0.5/16""#))
    #expect(text.contains(#""ip6": {\#n        "ip": "fd00::5/64""#))
  }

  @Test("1.x ignores the version of an address")
  func extraVersion() throws {
    let result = try parse(#"{"ips": [{"version": "6", "address": "10.1.0.5/16"}]}"#, .v1_0_0)
    #expect(String(decoding: try result.encode(as: .v0_3_1), as: UTF8.self).contains(#""version": "4""#))
  }

  @Test("an index of an interface is absent, zero or more")
  func interfaceIndex() throws {
    let result = try parse(
      #"""
      {"ips": [{"address": "10.0.0.1/8"}, {"address": "10.0.0.1/8", "interface": null},
               {"address": "10.0.0.1/8", "interface": -1}, {"address": "10.0.0.1/8", "interface": 0},
               {"address": "10.0.0.1/8", "interface": 7}]}
      """#, .v1_1_0)
    #expect(result.addresses.map { $0.interface } == [nil, nil, nil, 0, 7])
  }

  @Test("addresses have one text")
  func canonical() throws {
    let result = try parse(
      #"""
      {"ips": [{"address": "::ffff:10.0.0.2/120", "gateway": "::FFFF:10.0.0.1"},
               {"address": "FD00:0:0::5/64", "gateway": ""}],
       "routes": [{"dst": "10.1.2.3/8", "gw": ""}]}
      """#, .v1_1_0)
    #expect(result.addresses.map { $0.address.description } == ["10.0.0.2/24", "fd00::5/64"])
    #expect(result.addresses.map { $0.gateway?.description } == ["10.0.0.1", nil])
    #expect(result.routes.map { $0.destination.description } == ["10.1.2.3/8"])
    #expect(result.routes[0].gateway == nil)
  }

  @Test(
    "what is wrong is named with its place",
    arguments: [
      (#"{"ips": [{"address": "10.0.0.1"}]}"#, "ips[0].address: invalid CIDR address: 10.0.0.1"),
      (#"{"ips": [{"address": "10.0.0.01/8"}]}"#, "ips[0].address: invalid CIDR address: 10.0.0.01/8"),
      (#"{"ips": [{"address": ""}]}"#, "ips[0].address: invalid CIDR address: "),
      (#"{"ips": [{"address": 5}]}"#, "ips[0].address: expected string, found integer"),
      (#"{"ips": [{}]}"#, "ips[0].address: missing"),
      (#"{"ips": {}}"#, "ips: expected array, found object"),
      (#"{"ips": [5]}"#, "ips[0]: expected object, found integer"),
      (#"{"ips": [{"address": "10.0.0.1/8", "gateway": "x"}]}"#, "ips[0].gateway: invalid IP address: x"),
      (#"{"ips": [{"address": "10.0.0.1/8", "interface": "0"}]}"#, "ips[0].interface: expected integer, found string"),
      (#"{"routes": [{"dst": "default"}]}"#, "routes[0].dst: invalid CIDR address: default"),
      (
        #"{"routes": [{"dst": "10.0.0.0/8", "mtu": 1.5}]}"#,
        "routes[0].mtu: expected integer, found number with a fraction or an exponent"
      ),
      (#"{"interfaces": [{"name": 1}]}"#, "interfaces[0].name: expected string, found integer"),
      (#"{"dns": {"search": "x"}}"#, "dns.search: expected array, found string"),
      ("[]", "expected object, found array"),
    ])
  func wrong(text: String, message: String) throws {
    let error = #expect(throws: JSONError.self) { try parse(text, .v1_1_0) }
    #expect(error?.description == message)
  }

  @Test("0.1 and 0.2 name what is wrong, too")
  func wrongOldest() throws {
    let error = #expect(throws: JSONError.self) { try parse(#"{"ip4": {"gateway": "10.0.0.1"}}"#, .v0_2_0) }
    #expect(error?.description == "ip4.ip: missing")
  }

  @Test("null lists are empty")
  func nullLists() throws {
    let text = #"{"ips": null, "interfaces": null, "routes": null, "dns": {"search": null, "domain": null}}"#
    for version in SpecVersion.allCases { #expect(try parse(text, version) == AttachmentResult()) }
  }
}

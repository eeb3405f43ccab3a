import CNI
import JSON
import NetworkAddresses
import Testing

@Suite("Shapes of results")
struct ResultShapeTests {
  /// A result that uses every field.
  static let full = AttachmentResult(
    interfaces: [
      AttachmentInterface(name: "cni0", mac: "00:11:22:33:44:55"),
      AttachmentInterface(
        name: "eth0", mac: "00:11:22:33:44:66", mtu: 1500, sandbox: "/run/netns/blue", socketPath: "/run/v.sock",
        pciID: "0000:00:01.0"),
    ],
    addresses: [
      AttachmentAddress(interface: 0, address: cidr("10.1.0.5/16"), gateway: ip("10.1.0.1")),
      AttachmentAddress(interface: 1, address: cidr("fd00::5/64"), gateway: ip("fd00::1")),
      AttachmentAddress(address: cidr("10.2.0.5/24")),
    ],
    routes: [
      AttachmentRoute(destination: cidr("10.1.2.3/8")),
      AttachmentRoute(
        destination: cidr("0.0.0.0/0"), gateway: ip("10.1.0.9"), mtu: 1400, advertisedMSS: 1360,
        priority: 100, table: 50, scope: 253),
      AttachmentRoute(destination: cidr("::/0"), gateway: ip("fd00::9"), table: 0, scope: 0),
    ],
    dns: AttachmentDNS(
      nameservers: ["10.1.0.1"], domain: "example", search: ["a.example", "b.example"], options: ["ndots:5"]))

  private func text(_ result: AttachmentResult, _ version: SpecVersion) throws -> String {
    String(decoding: try result.encode(as: version), as: UTF8.self)
  }

  /// The text without the blanks between its tokens, which none of the strings has.
  private func compact(_ text: String) -> String { text.filter { $0 != " " && $0 != "\n" } }

  @Test("1.0.0 and 1.1.0 have their keys in alphabetical order", arguments: [SpecVersion.v1_0_0, .v1_1_0])
  func newest(version: SpecVersion) throws {
    #expect(
      try text(Self.full, version) == """
        {
            "cniVersion": "\(version)",
            "dns": {
                "domain": "example",
                "nameservers": [
                    "10.1.0.1"
                ],
                "options": [
                    "ndots:5"
                ],
                "search": [
                    "a.example",
                    "b.example"
                ]
            },
            "interfaces": [
                {
                    "mac": "00:11:22:33:44:55",
                    "name": "cni0"
                },
                {
                    "mac": "00:11:22:33:44:66",
                    "mtu": 1500,
                    "name": "eth0",
                    "pciID": "0000:00:01.0",
                    "sandbox": "/run/netns/blue",
                    "socketPath": "/run/v.sock"
                }
            ],
            "ips": [
                {
                    "address": "10.1.0.5/16",
                    "gateway": "10.1.0.1",
                    "interface": 0
                },
                {
                    "address": "fd00::5/64",
                    "gateway": "fd00::1",
                    "interface": 1
                },
                {
                    "address": "10.2.0.5/24"
                }
            ],
            "routes": [
                {
                    "dst": "10.1.2.3/8"
                },
                {
                    "advmss": 1360,
                    "dst": "0.0.0.0/0",
                    "gw": "10.1.0.9",
                    "mtu": 1400,
                    "priority": 100,
                    "scope": 253,
                    "table": 50
                },
                {
                    "dst": "::/0",
                    "gw": "fd00::9",
                    "scope": 0,
                    "table": 0
                }
            ]
        }
        """)
  }

  @Test("0.3 and 0.4 have the order of their declaration", arguments: [SpecVersion.v0_3_0, .v0_3_1, .v0_4_0])
  func middle(version: SpecVersion) throws {
    #expect(
      try compact(text(Self.full, version))
        == #"{"cniVersion":"\#(version)","#
        + #""interfaces":[{"name":"cni0","mac":"00:11:22:33:44:55"},"#
        + #"{"name":"eth0","mac":"00:11:22:33:44:66","sandbox":"/run/netns/blue"}],"#
        + #""ips":[{"version":"4","interface":0,"address":"10.1.0.5/16","gateway":"10.1.0.1"},"#
        + #"{"version":"6","interface":1,"address":"fd00::5/64","gateway":"fd00::1"},"#
        + #"{"version":"4","address":"10.2.0.5/24"}],"#
        + #""routes":[{"dst":"10.1.2.3/8"},"#
        + #"{"dst":"0.0.0.0/0","gw":"10.1.0.9","mtu":1400,"advmss":1360,"priority":100,"table":50,"scope":253},"#
        + #"{"dst":"::/0","gw":"fd00::9","table":0,"scope":0}],"#
        + #""dns":{"nameservers":["10.1.0.1"],"domain":"example","search":["a.example","b.example"],"options":["ndots:5"]}}"#
    )
  }

  @Test("0.1 and 0.2 have one address of each family and its plain routes", arguments: [SpecVersion.v0_1_0, .v0_2_0])
  func oldest(version: SpecVersion) throws {
    #expect(
      try compact(text(Self.full, version))
        == #"{"cniVersion":"\#(version)","#
        + #""ip4":{"ip":"10.1.0.5/16","gateway":"10.1.0.1","#
        + #""routes":[{"dst":"10.1.2.3/8"},{"dst":"0.0.0.0/0","gw":"10.1.0.9"}]},"#
        + #""ip6":{"ip":"fd00::5/64","gateway":"fd00::1","routes":[{"dst":"::/0","gw":"fd00::9"}]},"#
        + #""dns":{"nameservers":["10.1.0.1"],"domain":"example","search":["a.example","b.example"],"options":["ndots:5"]}}"#
    )
  }

  @Test("0.1 and 0.2 drop the routes of a family without address, and need one of either")
  func oneFamily() throws {
    var result = Self.full
    result.addresses = [AttachmentAddress(address: cidr("fd00::5/64"))]
    result.dns = AttachmentDNS()
    #expect(
      try compact(text(result, .v0_2_0))
        == #"{"cniVersion":"0.2.0","ip6":{"ip":"fd00::5/64","routes":[{"dst":"::/0","gw":"fd00::9"}]},"dns":{}}"#)
    result.addresses = []
    for version in [SpecVersion.v0_1_0, .v0_2_0] {
      #expect(throws: PluginError("cannot convert: no valid IP addresses")) { try result.encode(as: version) }
    }
  }

  @Test("what is empty is left out, but for dns before 1.0.0")
  func empty() throws {
    let result = AttachmentResult(
      interfaces: [AttachmentInterface(name: "", mac: "", mtu: 0, sandbox: "", socketPath: "", pciID: "")],
      addresses: [AttachmentAddress(address: cidr("10.1.0.5/16"))],
      routes: [AttachmentRoute(destination: cidr("10.0.0.0/8"), mtu: 0, advertisedMSS: 0, priority: 0)])
    #expect(
      try compact(text(result, .v1_1_0))
        == #"{"cniVersion":"1.1.0","interfaces":[{"name":""}],"ips":[{"address":"10.1.0.5/16"}],"#
        + #""routes":[{"dst":"10.0.0.0/8"}]}"#)
    #expect(
      try compact(text(result, .v0_4_0))
        == #"{"cniVersion":"0.4.0","interfaces":[{"name":""}],"ips":[{"version":"4","address":"10.1.0.5/16"}],"#
        + #""routes":[{"dst":"10.0.0.0/8"}],"dns":{}}"#)
    #expect(try compact(text(AttachmentResult(), .v1_0_0)) == #"{"cniVersion":"1.0.0"}"#)
    #expect(try compact(text(AttachmentResult(), .v0_3_1)) == #"{"cniVersion":"0.3.1","dns":{}}"#)
  }

  @Test("there is no newline at the end", arguments: SpecVersion.allCases)
  func end(version: SpecVersion) throws {
    #expect(try text(Self.full, version).hasSuffix("}"))
  }
}

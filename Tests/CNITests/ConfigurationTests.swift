import CNI
import JSON
import NetworkAddresses
import Testing

@Suite("The configuration")
struct ConfigurationTests {
  private func valid(_ members: String) throws -> [CNI.Attachment] {
    try inCall(variables("GC"), configuration("1.1.0", members)) { call throws(PluginError) in
      try call.validAttachments()
    }
  }

  private let one = #"[{"containerID": "c1", "ifname": "eth0"}]"#
  private let two = #"[{"containerid": "c2", "IfName": "eth1"}, {"containerID": "c3", "ifname": "eth0"}]"#

  @Test("valid attachments come under either key, the newer one first")
  func validAttachments() throws {
    let first = Attachment(network: "blue", containerID: "c1", interfaceName: "eth0")
    #expect(try valid("\"cni.dev/valid-attachments\": \(one)") == [first])
    #expect(try valid("\"cni.dev/attachments\": \(one)") == [first])
    #expect(try valid("\"cni.dev/attachments\": \(two), \"cni.dev/valid-attachments\": \(one)") == [first])
    #expect(try valid("\"cni.dev/attachments\": \(one), \"cni.dev/valid-attachments\": null") == [first])
    #expect(try valid("\"cni.dev/valid-attachments\": \(two)").map { $0.containerID } == ["c2", "c3"])
  }

  @Test(
    "no list is the empty list",
    arguments: ["", "\"cni.dev/valid-attachments\": []", "\"cni.dev/valid-attachments\": null"])
  func noList(members: String) throws {
    #expect(try valid(members) == [])
  }

  @Test(
    "a list that cannot be understood makes nothing invalid",
    arguments: ["{}", "5", "[null]", "[{}]", #"[{"containerID": "c1"}]"#, #"[{"containerID": 5, "ifname": "eth0"}]"#])
  func badList(list: String) {
    #expect(throws: PluginError.self) { try valid("\"cni.dev/valid-attachments\": \(list)") }
  }

  private func common(_ members: String) throws -> NetworkConfiguration {
    try NetworkConfiguration(json: JSONValue(parsing: Array(configuration("1.1.0", members).utf8)))
  }

  @Test("the type of the IPAM plugin")
  func ipam() throws {
    #expect(try common("").ipamType == nil)
    #expect(try common(#""ipam": {}"#).ipamType == nil)
    #expect(try common(#""ipam": null"#).ipamType == nil)
    #expect(try common(#""ipam": {"type": ""}"#).ipamType == nil)
    #expect(try common(#""IPAM": {"Type": "host-local"}"#).ipamType == "host-local")
    let error = #expect(throws: JSONError.self) { try common(#""ipam": "host-local""#) }
    #expect(error?.description == "ipam: expected object, found string")
  }

  @Test("dns counts as set by any list or a domain")
  func dns() throws {
    for nothing in ["", #""dns": null"#, #""dns": {}"#, #""dns": {"domain": "", "search": null}"#] {
      #expect(try common(nothing).dns == nil)
    }
    for key in ["nameservers", "search", "options", "Options"] {
      #expect(try common("\"dns\": {\"\(key)\": []}").dns == AttachmentDNS())
    }
    #expect(try common(#""dns": {"domain": "x"}"#).dns == AttachmentDNS(domain: "x"))
  }

  @Test("what the runtime and the orchestrator add")
  func additions() throws {
    let configuration = try common(
      #""runtimeConfig": {"Mac": "00:11:22:33:44:55"}, "args": {"cni": {"ips": ["10.1.0.7"]}, "other": 5}"#)
    #expect(
      try configuration.runtimeConfiguration?.value("mac", as: MACAddress.self) == MACAddress("00:11:22:33:44:55"))
    #expect(try configuration.arguments?.value("ips", as: [IPAddress].self) == [ip("10.1.0.7")])
    #expect(try common("").runtimeConfiguration == nil)
    #expect(try common(#""args": {}"#).arguments == nil)
  }

  @Test("routes keep what is given and what is not")
  func routes() throws {
    let text = #"""
      [{"dst": "0.0.0.0/0"},
       {"dst": "10.0.0.0/8", "gw": "10.1.0.1", "mtu": 1400, "advmss": 1360, "priority": 9, "table": 0, "scope": 0},
       {"DST": "fd00::/8", "GW": null, "mtu": 0, "table": null}]
      """#
    #expect(
      try [AttachmentRoute](json: JSONValue(parsing: Array(text.utf8))) == [
        AttachmentRoute(destination: cidr("0.0.0.0/0")),
        AttachmentRoute(
          destination: cidr("10.0.0.0/8"), gateway: IPAddress("10.1.0.1"), mtu: 1400, advertisedMSS: 1360,
          priority: 9, table: 0, scope: 0),
        AttachmentRoute(destination: cidr("fd00::/8")),
      ])
  }

  @Test("hardware addresses")
  func hardwareAddress() throws {
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: Array(#"{"mac": "00:11"}"#.utf8)).value("mac", as: MACAddress.self)
    }
    #expect(error?.description == "mac: address 00:11: invalid MAC address")
  }
}

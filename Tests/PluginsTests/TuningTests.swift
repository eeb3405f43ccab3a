import CLinux
import CNI
import JSON
import LinuxSystem
import NetworkAddresses
import TestSupport
import Testing

@testable import Plugins

/// What of the tuning plugin can be decided without a namespace.
@Suite("The tuning plugin")
struct TuningTests {
  let plugin: PluginCaller

  init() throws { plugin = try PluginCaller("tuning") }

  static let previous = #""prevResult": {"cniVersion": "1.1.0", "ips": []}"#

  // MARK: The configuration

  @Test(
    "A wrong value is refused with the key and the value",
    arguments: [
      (#""mac": "02:00""#, 7, "failed to load netconf: mac: address 02:00: invalid MAC address"),
      (
        #""runtimeConfig": {"mac": "03:00:00:00:00:01"}"#, 7,
        "failed to load netconf: runtimeConfig.mac: address 03:00:00:00:00:01: no interface may have this MAC address"
      ),
      (#""mtu": -1"#, 7, "failed to load netconf: mtu: invalid value -1: must be from 0 to 2147483647"),
      (
        #""args": {"cni": {"txQLen": -1}}"#, 7,
        "failed to load netconf: args.cni.txQLen: invalid value -1: must be from 0 to 4294967295"
      ),
      (#""promisc": 1"#, 6, "failed to load netconf: promisc: expected boolean, found integer"),
      (#""allmulti": "on""#, 6, "failed to load netconf: allmulti: expected boolean, found string"),
      (#""dataDir": []"#, 6, "failed to load netconf: dataDir: expected string, found array"),
      (#""sysctl": {"net.a": true}"#, 6, "failed to load netconf: sysctl.net.a: expected string, found boolean"),
      (#""sysctl": {"vm.swappiness": "1"}"#, 7, #"invalid net sysctl key: "vm/swappiness""#),
      (#""args": {"cni": {"sysctl": {"net": "1"}}}"#, 7, #"invalid net sysctl key: "net""#),
      (#""sysctl": {"net.a": "1", "net.a": "1"}"#, 7, "duplicated sysctl keys are not allowed"),
      (
        #""sysctl": {"net.a.b": "1", "net/a.b": "2"}"#, 7,
        #"sysctl: "net.a.b" and "net/a.b" are the same setting, with two values"#
      ),
    ])
  func wrongValues(_ members: String, _ code: Int, _ message: String) throws {
    for command in ["ADD", "CHECK", "STATUS"] {
      let answer = try plugin.call(command, members: "\(members), \(Self.previous)")
      #expect(answer.message == message, "\(command)")
      #expect(answer.code == code, "\(command)")
    }
    #expect(try plugin.call("DEL", members: #""dataDir": "\#(plugin.directory.path)", \#(members)"#).status == 0)
    #expect(try plugin.call("GC", members: members).status == 0)
  }

  @Test(
    "DEL succeeds where no backup can be",
    arguments: ["/dev/null", "/dev/null/x", "/" + String(repeating: "x", count: 300)])
  func impossibleDirectory(_ directory: String) throws {
    #expect(try plugin.call("DEL", members: #""dataDir": "\#(directory)""#).status == 0)
  }

  @Test("The previous result is needed, and the namespace")
  func needs() throws {
    #expect(try plugin.call("ADD", members: #""mtu": 1400"#).message == "Required prevResult missing")
    #expect(try plugin.call("CHECK", members: #""mtu": 1400"#).message == "Required prevResult missing")
    #expect(try plugin.call("ADD", members: Self.previous).code == 8)
  }

  // MARK: Keys of kernel settings

  @Test(
    "A key is read as the reference reads it, then as sysctl(8) does",
    arguments: [
      ("net.ipv4.ip_forward", ["net/ipv4/ip_forward"]),
      ("net/ipv4/ip_forward", ["net/ipv4/ip_forward"]),
      ("net.ipv4.conf.IFNAME.arp_filter", ["net/ipv4/conf/eth0.7/arp_filter"]),
      ("net/ipv4/conf/IFNAME/arp_filter", ["net/ipv4/conf/eth0.7/arp_filter"]),
      ("net.ipv4.conf.IFNAME.IFNAME", ["net/ipv4/conf/eth0.7/IFNAME"]),
      ("net.ipv4.conf.a/1.arp_filter", ["net/ipv4/conf/a/1/arp_filter", "net/ipv4/conf/a.1/arp_filter"]),
      ("net/ipv4/conf/a.1/arp_filter", ["net/ipv4/conf/a/1/arp_filter", "net/ipv4/conf/a.1/arp_filter"]),
      ("net..ipv4.ip_forward", ["net/ipv4/ip_forward"]),
      ("net/../kernel/hostname", ["net/kernel/hostname"]),
      ("net/.../kernel", ["net/kernel", "net/.../kernel"]),
      ("/net/ipv4/ip_forward", ["net/ipv4/ip_forward"]),
    ])
  func keys(_ key: String, _ readings: [String]) throws {
    #expect(try Sysctl(key: key, value: "", interfaceName: "eth0.7").readings == readings)
  }

  @Test(
    "A key leads nowhere but below net",
    arguments: ["", "kernel.hostname", "network.a", "./a", "sys/net/a", "IFNAME.a"])
  func foreignKeys(_ key: String) {
    #expect(throws: PluginError.self) { try Sysctl(key: key, value: "", interfaceName: "eth0") }
  }

  // MARK: The list of what is allowed

  private func list(_ lines: String) throws -> AllowList {
    let path = plugin.directory.path + "/allowlist.conf"
    let file = try OwnedDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    try writeAll(file.rawValue, Array(lines.utf8))
    return try #require(try AllowList(path: path))
  }

  private func sysctl(_ key: String) throws -> Sysctl { try Sysctl(key: key, value: "1", interfaceName: "eth0") }

  @Test("No list allows everything")
  func noList() throws {
    #expect(try AllowList(path: plugin.directory.path + "/none") == nil)
  }

  @Test(
    "Expressions match somewhere in the key as it is written",
    arguments: [
      ("net.core", "net.core.somaxconn", true), ("^core", "net.core.somaxconn", false),
      ("^net\\.ipv4\\.(tcp|udp)_[a-z_]+$", "net.ipv4.tcp_syncookies", true),
      ("^net\\.ipv4\\.(tcp|udp)_[a-z_]+$", "net.ipv4.tcp_fin2", false),
      ("arp_(filter|ignore){1}$", "net.ipv4.conf.IFNAME.arp_ignore", true),
      ("eth0", "net.ipv4.conf.IFNAME.arp_ignore", false), ("IFNAME", "net.ipv4.conf.IFNAME.arp_ignore", true),
      ("^net[./]core[./][[:alpha:]]*$", "net/core/somaxconn", true), ("[]a]x", "net.ax", true),
      ("\\bcore\\b", "net.core.a", true), ("^$", "net.core.a", false), ("\n \t\n net.core \r\n", "net.core.a", true),
      ("# net.core.a", "net.core.a", false), ("x\nnet.core", "net.core.a", true), ("", "net.core.a", false),
    ])
  func expressions(_ lines: String, _ key: String, _ isAllowed: Bool) throws {
    let list = try list(lines)
    let sysctls = [try sysctl(key)]
    if isAllowed { return try list.check(sysctls) }
    let error = #expect(throws: PluginError.self) { try list.check(sysctls) }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.message.hasPrefix("Sysctl \(key) is not allowed. Only the following sysctls are allowed: [") == true)
  }

  @Test("Each key has to be allowed by some expression")
  func severalKeys() throws {
    let list = try list("net.core\nnet.ipv4")
    try list.check([sysctl("net.ipv4.a"), sysctl("net.core.a")])
    let error = #expect(throws: PluginError.self) { try list.check([sysctl("net.ipv4.a"), sysctl("net.ipv6.a")]) }
    #expect(
      error?.message == "Sysctl net.ipv6.a is not allowed. Only the following sysctls are allowed: [net.core net.ipv4]")
  }

  @Test(
    "What POSIX cannot read, or would read otherwise than RE2, is an error",
    arguments: [
      "net.(", "net.[", "*", "a{2", "\\", "\\d", "net\\pL", "\\1", "\\<net", "[\\w]", "(?i)net", "a*?", "a+?", "a{1}?",
      "a**", "[[:nope:]]",
    ])
  func badExpressions(_ expression: String) throws {
    let list = try list("net.core\n\(expression)")
    let error = #expect(throws: PluginError.self) { try list.check([sysctl("net.core.a")]) }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.message.hasPrefix("error parsing regexp: ") == true)
    #expect(error?.message.hasSuffix(quoted(expression)) == true)
  }

  // MARK: Repeated keys

  @Test(
    "A key that stands twice in one object is found",
    arguments: [
      (#"{"sysctl": {"a": "1", "b": "2"}}"#, false), (#"{"sysctl": {"a": "1", "a": "2"}}"#, true),
      (#"{"SysCtl" : {"a" : "1" , "b": "\"a\":", "a" : "1"}}"#, true),
      (#"{"x": {"a": 1, "a": 2}, "sysctl": {"a": "1"}}"#, false),
      (#"{"sysctl": {"a": "a", "b": "a"}}"#, false), (#"{"sysctl": {"a": {"a": 1}, "b": ["a", "a"]}}"#, false),
      (#"{"sysctl": {"a": "1"}, "args": {"cni": {"sysctl": {"a": "1"}}}}"#, false), (#"{"sysctl": ["a", "a"]}"#, false),
      (#"{"a": "\\", "sysctl": {"\"": "1", "\"": "1"}}"#, true),
      (#"{"sysctl": {"a": "1"}, "sysctl": {"a": "2"}}"#, false),
      ("{}", false), ("", false), (#"{"sysctl"#, false),
    ])
  func repeatedKeys(_ text: String, _ isThere: Bool) {
    #expect(hasRepeatedKey(inMember: "sysctl", of: Array(text.utf8)) == isThere)
  }

  // MARK: What was there before

  @Test("A backup is the reference's file, and is read back")
  func backup() throws {
    let path = plugin.directory.path + "/below/cid1_eth0.json"
    var attributes = LinkAttributes()
    attributes.hardwareAddress = MACAddress("36:43:02:6f:9f:2a")
    attributes.isPromiscuous = false
    attributes.mtu = 1500
    attributes.takesAllMulticast = false
    attributes.transmitQueueLength = 1000
    try attributes.write(to: path)
    let text =
      "{\n \"mac\": \"36:43:02:6f:9f:2a\",\n \"promisc\": false,\n \"mtu\": 1500,\n \"allmulti\": false,\n \"txQLen\": 1000\n}"
    #expect(String(decoding: try readFile(path), as: UTF8.self) == text)
    #expect(try fileStatus(path).st_mode & 0o777 == 0o600)
    #expect(LinkAttributes(contentsOf: path) == attributes)

    var fewer = LinkAttributes()
    fewer.mtu = 9000
    try fewer.write(to: path)
    #expect(String(decoding: try readFile(path), as: UTF8.self) == "{\n \"mtu\": 9000\n}")
    let completed = try #require(LinkAttributes(contentsOf: path)).completed(from: attributes)
    #expect(completed.mtu == 9000)
    #expect(completed.hardwareAddress == attributes.hardwareAddress)
    #expect(LinkAttributes(contentsOf: path + "x") == nil)
  }
}

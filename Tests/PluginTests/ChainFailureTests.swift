import TestSupport
import Testing

/// What the kernel or a killed call may leave of chained plugins, and that nothing of it is lost.
@Suite("Chain: failures", .oursOnly("there nothing is written down")) struct ChainFailureTests {
  /// Makes one call of a plugin and interferes with it.
  ///
  /// - Parameter injection: What strace does: `inject=fstat:error=EIO`.
  private func call(
    _ command: String, _ plugin: String, of attachment: AttachedContainer, in node: ConnectedHost,
    _ injection: String, on path: String? = nil
  ) throws -> Program.Outcome {
    try attachment.call(command, only: plugin) { step in
      var traced = step.program
      let wrapper =
        SystemCallTrace.wrapper(writingTo: "/run/trace", ["-e", injection] + (path.map { ["-P", $0] } ?? []))
        + [step.program.path]
      traced.path = wrapper[0]
      traced.arguments = Array(wrapper.dropFirst())
      return try node.host.run(traced)
    }
  }

  /// What is otherwise in a container and on its host than before, but for what is for all containers.
  private func changes(in node: ConnectedHost, _ container: Container, since before: Snapshot) throws -> [String] {
    try Snapshot(of: node.host, [container]).changes(since: before).filter {
      !$0.contains("/run/trace") && !$0.contains("file /run/cni")
    }
  }

  /// A container at a bridge, and what is there before the plugin under test is called.
  private func bridged(
    _ plugin: PluginConfiguration, capabilities: String = "{}"
  ) throws -> (node: ConnectedHost, attachment: AttachedContainer) {
    try SystemCallTrace.require()
    let node = try ConnectedHost()
    let attachment = AttachedContainer(
      of: try node.makeContainer("c1"), in: node.host, to: .bridge(1, "", plugin), capabilities: capabilities)
    // What is made once and stays is there then.
    try attachment.mustSucceed("ADD")
    try attachment.mustSucceed("DEL")
    try attachment.mustSucceed("ADD")
    return (node, attachment)
  }

  // MARK: tuning

  @Test("tuning: an ADD that cannot tell the namespace, or cannot read what is there, changes nothing")
  func tuningCannotSave() throws {
    let (node, attachment) = try bridged(.tuning(#""sysctl": {"net.core.somaxconn": "500"}, "mtu": 1400"#))
    try attachment.mustSucceed("DEL", only: "tuning")
    let before = try Snapshot(of: node.host, [attachment.container])
    for (injection, path) in [
      // The second time; the first one is no namespace of the host's.
      ("inject=newfstatat:error=ENOMEM:when=2", attachment.container.path),
      ("inject=read:error=EIO", "/proc/sys/net/core/somaxconn"),
      ("inject=openat:error=ENOMEM:when=2", "/proc/sys/net/core/somaxconn"),
    ] {
      let outcome = try call("ADD", "tuning", of: attachment, in: node, injection, on: path)
      #expect(outcome.status == 1, "\(injection) on \(path): \(outcome)")
      let changed = try changes(in: node, attachment.container, since: before)
      #expect(changed == [], "\(injection) on \(path)")
    }
  }

  @Test("tuning: a secret that has no value yet can be set")
  func secret() throws {
    let setting = "net/ipv6/conf/eth0/stable_secret"
    let (node, attachment) = try bridged(.tuning(#""sysctl": {"\#(setting)": "fd00::1:2:3:4"}"#))
    #expect(try attachment.container.shell("cat /proc/sys/\(setting)").contains("4"))
    withExtendedLifetime(node) {}
  }

  @Test("tuning: ADD and DEL of one attachment at once leave what was there before")
  func tuningAtOnce() throws {
    let (node, attachment) = try bridged(.tuning(#""mtu": 1400, "mac": "02:00:00:00:00:77""#))
    try attachment.mustSucceed("DEL", only: "tuning")
    let link = "ip -o link show eth0 | grep -o -E 'mtu [0-9]+|ether [0-9a-f:]+'"
    let before = try attachment.container.shell(link)
    try atOnce(16) { number in
      try attachment.mustSucceed(number.isMultiple(of: 2) ? "ADD" : "DEL", only: "tuning")
    }
    try attachment.mustSucceed("DEL", only: "tuning")
    #expect(try attachment.container.shell(link) == before)
    withExtendedLifetime(node) {}
  }

  // MARK: sbr

  @Test("sbr: routes that could not be put back are put back by the next call", arguments: ["ADD", "DEL"])
  func routesComeBack(_ next: String) throws {
    let (node, attachment) = try bridged(#"{"type": "sbr", "addSourceHints": true}"#)
    try attachment.mustSucceed("DEL", only: "sbr")
    let routes = "ip route show table all; ip -6 route show table main; ip rule; ip -6 rule"
    let before = try attachment.container.shell(routes)
    try attachment.mustSucceed("ADD", only: "sbr")
    let during = try attachment.container.shell(routes)
    #expect(during != before)
    // One send after the other fails, up to the first call that does not come so far.
    var number = 1
    while number < 20 {
      let outcome = try call("DEL", "sbr", of: attachment, in: node, "inject=sendto:error=EIO:when=\(number)")
      if outcome.status == 0 { break }
      try attachment.mustSucceed(next, only: "sbr")
      if next == "ADD" {
        #expect(try attachment.container.shell(routes) == during, "number \(number)")
      }
      try attachment.mustSucceed("DEL", only: "sbr")
      #expect(try attachment.container.shell(routes) == before, "number \(number)")
      try attachment.mustSucceed("ADD", only: "sbr")
      number += 1
    }
    #expect((3..<20).contains(number))
    #expect(try attachment.container.shell(routes) == before)
  }

  // MARK: portmap

  @Test(
    "portmap: the next call takes route_localnet back where a DEL was killed before it did", arguments: ["DEL", "GC"])
  func killedWhileClosing(_ next: String) throws {
    let (node, attachment) = try bridged(.portMap(), capabilities: ports("tcp 8080 80"))
    let setting = "cat /proc/sys/net/ipv4/conf/br1/route_localnet"
    #expect(try node.host.shell(setting) == "1\n")
    let holders = "/run/swift-cni/localnet/br1"
    let outcome = try call(
      "DEL", "portmap", of: attachment, in: node, "inject=openat:signal=KILL",
      on: "/proc/sys/net/ipv4/conf/br1/route_localnet")
    #expect(outcome.status != 0)
    // Here it was killed: nobody holds the link any more, and it is still open.
    #expect(try node.host.shell("ls -A \(holders)") == "")
    #expect(try node.host.shell(setting) == "1\n")
    try attachment.mustSucceed(next, only: "portmap")
    #expect(try node.host.shell(setting) == "0\n")
    #expect(try node.host.shell("ls -A \(holders) 2>/dev/null || echo gone") == "gone\n")
  }
}

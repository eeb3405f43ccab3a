import TestSupport
import Testing

/// What attachments have in common is not taken from each other, and not left behind by those who fail.
@Suite("A shared bridge") struct SharedBridgeTests {
  private static let script = """
    set -eu
    call() {
      CNI_COMMAND=ADD CNI_CONTAINERID=$1 CNI_NETNS=/run/netns/$1 CNI_IFNAME=eth0 CNI_PATH="$PLUGINS" "$PLUGINS/bridge" \\
        >/run/answer-$1 <<EOF
    {"cniVersion":"1.1.0","name":"net1","type":"bridge","bridge":"br0","isGateway":true,
     "ipam":{"type":"host-local","subnet":"10.1.0.0/24","routes":[{"dst":"10.9.0.0/16"$2}]}}
    EOF
    }
    for round in 1 2 3 4 5; do
      processes=
      for number in 1 2 3 4 5 6 7 8; do
        call c$number "$BAD" & processes="$processes $!"
      done
      for process in $processes; do if wait $process; then echo succeeded; fi; done
      ip -brief link | grep -E 'br0|veth' || true
    done
    ls /var/lib/cni/networks/net1 | grep '^10' || true
    find /run/swift-cni/attachments -type f
    call c1 ""
    call c2 "$BAD" || true
    ip -brief link show master br0 | wc -l
    """

  @Test("ADDs that fail at once leave no bridge; one that fails leaves that of another")
  func failures() throws {
    let host = try Host()
    for number in 1...8 { try host.makeContainer("c\(number)") }
    var program = Program("/bin/bash", ["--norc", "-c", Self.script])
    program.environment["PLUGINS"] = "\(Peers.root)/bin"
    // A gateway that is nowhere: the kernel refuses the route, after everything else is there.
    program.environment["BAD"] = #","gw":"192.0.2.1""#
    let outcome = try host.run(program)
    #expect(outcome.text == "1\n", "\(outcome)")
  }
}

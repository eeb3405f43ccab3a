import TestSupport
import Testing

/// GC with more to collect than a process may hold open, and with something in between that cannot be collected.
@Suite("Garbage") struct GarbageTests {
  private static let script = """
    set -eu
    records=/run/swift-cni/attachments/net1/bridge
    call() {
      CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH="$PLUGINS" "$PLUGINS/bridge" \\
        <<<'{"cniVersion":"1.1.0","name":"net1","type":"bridge","bridge":"br0","cni.dev/valid-attachments":[]}'
    }
    call ADD c1 >/dev/null
    call ADD c2 >/dev/null
    for number in $(seq 1500); do : >"$records/stale$number:eth0"; done
    : >"$records/broken:eth0"
    mount --bind "$records/broken:eth0" "$records/broken:eth0"
    ulimit -n 256
    status=0
    call GC c1 >/run/answer || status=$?
    echo "status $status"
    echo "links $(ip -brief link show master br0 | wc -l)"
    echo "records" $(ls "$records")
    grep -o 'broken:eth0' /run/answer | head -n 1
    """

  @Test("what can be collected is collected, and what cannot is named")
  func collectsPastFailures() throws {
    let host = try Host()
    try host.makeContainer("c1")
    try host.makeContainer("c2")
    var program = Program("/bin/bash", ["--norc", "-c", Self.script])
    program.environment["PLUGINS"] = "\(Peers.root)/bin"
    let outcome = try host.run(program)
    #expect(outcome.text == "status 1\nlinks 0\nrecords broken:eth0\nbroken:eth0\n", "\(outcome)")
  }
}

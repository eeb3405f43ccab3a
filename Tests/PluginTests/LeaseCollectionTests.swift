import Synchronization
import TestSupport
import Testing

/// GC beside ADDs that are going on.
@Suite("Lease store: garbage beside ADDs") struct LeaseCollectionTests {
  /// Eight runtimes add and delete; one more collects garbage all the time, with the list of all that were answered.
  ///
  /// Each runtime is a process that outlives its ADD until the answer is in the list, and no list is made while an older
  /// one is in use. So what is not in the list was either made by a process that still lives, or is garbage.
  private static let script = #"""
    set -u
    cd "$DIRECTORY"
    : >list
    : >failures
    call() {
      local verb=$1 container=$2 more=${3:-}
      CNI_COMMAND=$verb CNI_CONTAINERID=$container CNI_NETNS=/run/netns/none CNI_IFNAME=eth0 CNI_PATH=/ "$PLUGIN" <<EOF
    {"cniVersion": "1.1.0", "name": "n1", "type": "bridge",
     "ipam": {"type": "host-local", "dataDir": "$DIRECTORY", "ranges": [[{"subnet": "10.1.0.0/24"}]]}$more}
    EOF
    }
    runtime() {
      call ADD $1 >answer-$1 || echo "ADD $1: $(cat answer-$1)" >>failures
      # Takes its turn with the collector.
      exec 8>turn
      flock 8
      echo $1 >>list
      flock -u 8
    }
    collector() {
      local rounds=0 listed
      exec 8>turn
      # However slow the machine is, the collector comes to its turns.
      while [ ! -e end ] || [ $rounds -lt 5 ]; do
        flock 8
        listed=$(sed 's/.*/{"containerID":"&","ifname":"eth0"}/' list | paste -sd,)
        call GC none ",\"cni.dev/valid-attachments\":[$listed]" >answer-gc || echo "GC: $(cat answer-gc)" >>failures
        head -qn 1 n1/10.* 2>/dev/null | tr -d '\r' | sort >holders
        sort list | comm -23 - holders | sed 's/$/ has lost its lease/' >>failures
        flock -u 8
        rounds=$((rounds + 1))
      done
    }
    collector & collecting=$!
    for round in $(seq 25); do
      runtimes=
      for number in 1 2 3 4 5 6 7 8; do
        runtime c$round-$number & runtimes="$runtimes $!"
      done
      wait $runtimes
    done
    : >end
    wait $collecting
    sort failures | head -n 20
    echo "leases $(ls n1 | grep -c '^10')"
    """#

  @Test("no lease is freed that was answered or is being made")
  func beside() throws {
    let directory = try TemporaryDirectory()
    var program = Program("/bin/bash", ["--norc", "-c", Self.script])
    program.environment["DIRECTORY"] = directory.path
    program.environment["PLUGIN"] = try Peers.plugins.plugin("host-local")
    let outcome = try program.run()
    #expect(outcome.text == "leases 200\n", "\(outcome)")
  }

  @Test("a lease that is younger than the collection is not garbage, whoever asked for it")
  func younger() throws {
    try SystemCallTrace.require()
    let store = try HostLocalStore()
    try store.add("garbage")
    let added = Mutex<[String]>([])
    let collected = Mutex<HostLocalAnswer?>(nil)
    // The collection waits before it locks the store. Were it ever quicker than the ADD, it would find nothing to free.
    let trace = store.directory.file("trace")
    let collection = try store.program(
      "GC", members: [HostLocalStore.validAttachments([])],
      wrapper: SystemCallTrace.wrapper(writingTo: trace, ["-e", "inject=flock:delay_enter=2000000:when=1"]))
    try atOnce(2) { worker in
      if worker == 0 {
        let answer = HostLocalAnswer(try collection.run())
        collected.withLock { $0 = answer }
      } else {
        // The lock file's name is in the trace when the process of the collection has long begun.
        try waitUntil("the collection has begun") {
          let text = (try? store.directory.read("trace")) ?? []
          return String(decoding: text, as: UTF8.self).contains("/lock")
        }
        let addresses = try store.add("young")
        added.withLock { $0 = addresses }
      }
    }
    let answer = try #require(collected.withLock { $0 })
    #expect(answer.succeeded, "\(answer)")
    #expect(try store.addresses(of: "young") == added.withLock { $0 })
    #expect(try store.addresses(of: "garbage") == [])
  }

  @Test(
    "the list is read under both of its names, and its absence is an empty list",
    arguments: [
      #""cni.dev/valid-attachments": null"#, #""cni.dev/attachments": null"#, #""cni.dev/valid-attachments": []"#,
      #""cni.dev/attachments": [{"containerID": "second", "ifname": "eth0"}]"#,
      #""cni.dev/valid-attachments": [{"containerID": "second", "ifname": "eth0"}]"#,
    ])
  func lists(_ list: String) throws {
    let store = try HostLocalStore()
    try store.add("first")
    let second = try store.add("second")
    #expect(try store.call("GC", members: [list]).succeeded)
    #expect(try store.leases().keys.sorted() == (list.contains("second") ? second : []))
  }
}

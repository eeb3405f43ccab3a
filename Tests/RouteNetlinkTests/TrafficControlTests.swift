import CLinux
import Foundation
import LinuxSystem
import Netlink
import NetworkNamespaces
import RouteNetlink
import SystemPackage
import TestSupport
import Testing

extension Oracle {
  /// What `tc` of iproute2 prints.
  @discardableResult
  fileprivate func tc(_ arguments: String) throws -> String {
    let words = arguments.split(separator: " ").map(String.init)
    let outcome = try namespace.namespace.run { () throws(SystemError) in
      Result { try Program("/usr/sbin/tc", words).run() }
    }.get()
    guard outcome.status == 0 else { throw OracleError(text: "tc \(arguments): \(outcome)") }
    return outcome.text
  }

  /// The objects that `tc -json -details` prints.
  fileprivate func tcList(_ arguments: String) throws -> [Object] {
    let value = try JSONSerialization.jsonObject(with: Data(try tc("-json -details \(arguments)").utf8))
    return try #require(value as? [Object])
  }
}

@Suite("Traffic control")
struct TrafficControlTests {
  /// 1 Mbit/s with a bucket of 8 Mbit.
  private let bucket = TokenBucket(
    rate: 125_000, limit: 1_003_125, buffer: TrafficTicks(clampingMicroseconds: 8_000_000))

  @Test("a rate at the root is what tc sees there, and what we read back")
  func tokenBucket() throws {
    let machine = try Machine()
    let link = try machine.addPair("va", peer: "vb")
    let discipline = QueueingDiscipline(.tokenBucket(bucket), handle: TrafficHandle(1))
    try machine.socket.perform([.addQueueingDiscipline(discipline, to: link)])

    let shown = try #require(try machine.ip.tcList("qdisc show dev va").first)
    #expect(shown["kind"] as? String == "tbf")
    #expect(shown["handle"] as? String == "1:")
    #expect(shown["root"] as? Bool == true)
    #expect(shown["options", "rate"] as? Int == 125_000)
    #expect((shown["options", "burst"] as? String)?.hasPrefix("1000000b") == true)
    #expect(shown["options", "lat"] as? Int == 25_000)
    #expect(try machine.socket.queueingDiscipline(at: .root, of: link) == discipline)
    #expect(try machine.socket.queueingDisciplines(of: link) == [discipline])
  }

  @Test("a rate that needs 64 bits", arguments: [UInt64(UInt32.max), 1 << 32, 12_500_000_000])
  func largeRate(_ rate: UInt64) throws {
    let machine = try Machine()
    let link = try machine.addPair("va", peer: "vb")
    let settings = TokenBucket(rate: rate, limit: 1 << 20, buffer: TrafficTicks(clampingMicroseconds: 100_000))
    try machine.socket.perform([.addQueueingDiscipline(QueueingDiscipline(.tokenBucket(settings)), to: link)])
    #expect(try machine.ip.tcList("qdisc show dev va").first?["options", "rate"] as? UInt64 == rate)
    let read = try #require(try machine.socket.queueingDiscipline(at: .root, of: link))
    guard case .tokenBucket(let kept) = read.kind else {
      Issue.record("\(read)")
      return
    }
    #expect(kept.rate == rate)
  }

  @Test("what stands there already is refused in the kernel's words, and left alone")
  func alreadyThere() throws {
    let machine = try Machine()
    let link = try machine.addPair("va", peer: "vb")
    try machine.ip.tc("qdisc add dev va root handle 1: bfifo limit 3000")
    let error = #expect(throws: NetlinkError.self) {
      try machine.socket.perform([
        .addQueueingDiscipline(QueueingDiscipline(.tokenBucket(bucket), handle: TrafficHandle(2)), to: link)
      ])
    }
    #expect(error?.code == .fileExists)
    #expect(
      error?.description
        == "add tbf at root to link with index \(link): file exists (NLM_F_REPLACE needed to override)")
    #expect(
      try machine.socket.queueingDiscipline(at: .root, of: link)
        == QueueingDiscipline(.byteQueue(limit: 3000), handle: TrafficHandle(1)))
  }

  @Test("what is not there is no discipline, and cannot be deleted")
  func notThere() throws {
    let machine = try Machine()
    let link = try machine.addPair("va", peer: "vb")
    // The kernel's own, which has no number.
    let own = QueueingDiscipline(.other("noqueue"))
    #expect(try machine.socket.queueingDiscipline(at: .root, of: link) == own)
    #expect(try machine.socket.queueingDiscipline(at: .ingress, of: link) == nil)
    #expect(try machine.socket.queueingDiscipline(at: TrafficHandle(1, 0x30), of: link) == nil)
    #expect(try machine.socket.trafficFilters(of: link, parent: .ingressDiscipline).isEmpty)
    #expect(try machine.socket.trafficClasses(of: link).isEmpty)
    for place in [TrafficHandle.root, .ingress] {
      let error = #expect(throws: NetlinkError.self) {
        try machine.socket.perform([.deleteQueueingDiscipline(at: place, of: link)])
      }
      #expect(error?.description.hasPrefix("delete queueing discipline at \(place) of link") == true)
    }
    // Of a link that is down not even that is shown.
    try machine.ip.run("link add vc type veth peer name vd")
    let down = try #require(try machine.socket.link(named: "vc")).index
    #expect(try machine.socket.queueingDiscipline(at: .root, of: down) == nil)
    #expect(throws: NetlinkError.self) { try machine.socket.queueingDiscipline(at: .root, of: 4711) }
  }

  @Test("everything that comes in is sent by another link")
  func redirection() throws {
    let machine = try Machine()
    let link = try machine.addPair("va", peer: "vb")
    try machine.socket.perform([
      .addLink(LinkSpecification(name: "ifb7", kind: .intermediateFunctionalBlock, isUp: true))
    ])
    let target = try #require(try machine.socket.link(named: "ifb7"))
    #expect(target.kind == "ifb")
    var filter = TrafficFilter(
      parent: .ingressDiscipline, preference: 1, protocolNumber: UInt16(ETH_P_ALL), matches: [.anything],
      classHandle: TrafficHandle(1, 1), redirection: target.index)
    try machine.socket.perform([
      .addQueueingDiscipline(.ingress, to: link), .addTrafficFilter(filter, to: link),
    ])

    #expect(try machine.socket.queueingDiscipline(at: .ingress, of: link) == .ingress)
    let shown = try machine.ip.tc("filter show dev va parent ffff:")
    #expect(shown.contains("filter protocol all pref 1 u32"))
    #expect(shown.contains("flowid 1:1"))
    #expect(shown.contains("match 00000000/00000000 at 0"))
    #expect(shown.contains("mirred (Egress Redirect to device ifb7) stolen"))
    let read = try machine.socket.trafficFilters(of: link, parent: .ingressDiscipline)
    filter.number = try #require(read.first).number
    #expect(read == [filter])

    try machine.socket.perform([.deleteTrafficFilter(filter, of: link)])
    #expect(try machine.ip.tc("filter show dev va parent ffff:").isEmpty)
    try machine.socket.perform([.deleteQueueingDiscipline(at: .ingress, of: link)])
    #expect(try machine.ip.tcList("qdisc show dev va").map { $0["kind"] as? String } == ["noqueue"])
  }

  @Test("classes, what waits in them, and what sorts packets into them")
  func classes() throws {
    let machine = try Machine()
    let link = try machine.addPair("va", peer: "vb")
    let root = TrafficHandle(1)
    let shaped = TrafficHandle(1, 0x30)
    let settings = HierarchicalTokenBucket(defaultClass: 0x30, directQueueLength: 1000)
    let trafficClass = TrafficClass(
      shaped, of: root, rate: 125_000, buffer: TrafficTicks(clampingMicroseconds: 800_000), quantum: 1514)
    let wide = TrafficClass(
      TrafficHandle(1, 1), of: root, rate: 1 << 33, buffer: TrafficTicks(clampingMicroseconds: 10), quantum: 60_000)
    let filters = [
      TrafficFilter(
        parent: root, preference: 1, protocolNumber: UInt16(ETH_P_IP),
        matches: [TrafficFilter.Match(0x0a01_0000, mask: 0xffff_0000, offset: 16)], classHandle: shaped),
      TrafficFilter(
        parent: root, preference: 2, protocolNumber: UInt16(ETH_P_IPV6),
        matches: [
          TrafficFilter.Match(0xfd00_0001, mask: .max, offset: 24),
          TrafficFilter.Match(0, mask: 0xff00_0000, offset: 28),
        ], classHandle: root),
    ]
    try machine.socket.perform(
      [
        .addQueueingDiscipline(
          QueueingDiscipline(.hierarchicalTokenBucket(settings), handle: root), to: link),
        .addTrafficClass(trafficClass, to: link), .addTrafficClass(wide, to: link),
        .addQueueingDiscipline(QueueingDiscipline(.byteQueue(limit: 9000), parent: shaped), to: link),
      ] + filters.map { .addTrafficFilter($0, to: link) })

    let shownRoot = try #require(try machine.ip.tcList("qdisc show dev va").first)
    #expect(shownRoot["kind"] as? String == "htb")
    #expect(shownRoot["options", "default"] as? String == "0x30")
    #expect(shownRoot["options", "direct_qlen"] as? Int == 1000)
    let shownClasses = try machine.ip.tc("-d class show dev va")
    #expect(shownClasses.contains("htb 1:30 root leaf"))
    #expect(shownClasses.contains("quantum 1514 rate 1Mbit ceil 1Mbit linklayer ethernet burst 100000b"))
    #expect(shownClasses.contains("rate 68719Mbit ceil 68719Mbit"))
    let shownFilters = try machine.ip.tc("filter show dev va")
    #expect(shownFilters.contains("flowid 1:30"))
    #expect(shownFilters.contains("match 0a010000/ffff0000 at 16"))
    #expect(shownFilters.contains("match fd000001/ffffffff at 24\n  match 00000000/ff000000 at 28"))

    #expect(
      try machine.socket.queueingDiscipline(at: .root, of: link)
        == QueueingDiscipline(.hierarchicalTokenBucket(settings), handle: root))
    #expect(try machine.socket.queueingDiscipline(at: shaped, of: link)?.kind == .byteQueue(limit: 9000))
    let read = try machine.socket.trafficClasses(of: link)
    #expect(read.map(\.handle) == [shaped, wide.handle] || read.map(\.handle) == [wide.handle, shaped])
    for one in read {
      let made = one.handle == shaped ? trafficClass : wide
      #expect(one.rate == made.rate)
      #expect(one.buffer == made.buffer)
      #expect(one.quantum == made.quantum)
    }
    var readFilters = try machine.socket.trafficFilters(of: link, parent: root)
    for index in readFilters.indices { readFilters[index].number = 0 }
    #expect(readFilters == filters)
    // With the root goes all that stands on it.
    try machine.socket.perform([.deleteQueueingDiscipline(at: .root, of: link)])
    #expect(try machine.socket.trafficClasses(of: link).isEmpty)
  }

  @Test("what others have made is read, too")
  func others() throws {
    let machine = try Machine()
    let link = try machine.addPair("va", peer: "vb")
    try machine.ip.tc("qdisc add dev va clsact")
    try machine.ip.tc("qdisc add dev va root handle 5: tbf rate 2mbit burst 50kb latency 50ms")
    try machine.ip.tc(
      "filter add dev va ingress pref 3 protocol ip u32 match ip src 10.2.0.0/16 action mirred egress redirect dev vb")
    let peer = try #require(try machine.socket.link(named: "vb")).index
    #expect(try machine.socket.queueingDiscipline(at: .ingress, of: link)?.kind == .other("clsact"))
    let root = try #require(try machine.socket.queueingDiscipline(at: .root, of: link))
    guard case .tokenBucket(let settings) = root.kind else {
      Issue.record("\(root)")
      return
    }
    #expect(root.handle == TrafficHandle(5))
    #expect(settings.rate == 250_000)
    #expect(settings.limit == 250_000 / 20 + 50 * 1024)
    let filters = try machine.socket.trafficFilters(of: link, parent: .classActionIngress)
    #expect(filters.count == 1)
    #expect(filters.first?.preference == 3)
    #expect(filters.first?.protocolNumber == UInt16(ETH_P_IP))
    #expect(filters.first?.matches == [TrafficFilter.Match(0x0a02_0000, mask: 0xffff_0000, offset: 12)])
    #expect(filters.first?.redirection == peer)
  }

  @Test("a tick is as long as the kernel says")
  func tick() throws {
    let words = String(decoding: try readFile("/proc/net/psched"), as: UTF8.self).split(whereSeparator: \.isWhitespace)
    let numbers = words.compactMap { UInt32($0, radix: 16) }
    #expect(numbers.prefix(3) == [1000, 64, 1_000_000])
    #expect(TrafficTicks(clampingMicroseconds: 8_000_000).rawValue == 125_000_000)
    #expect(TrafficTicks(clampingMicroseconds: 1).rawValue == 15)
    #expect(TrafficTicks(clampingMicroseconds: 274_877_906).rawValue == 4_294_967_281)
    #expect(TrafficTicks(clampingMicroseconds: 274_877_907).rawValue == .max)
    #expect(TrafficTicks(clampingMicroseconds: .max).rawValue == .max)
  }

  @Test("numbers are written as tc writes them")
  func handles() {
    #expect(TrafficHandle(1).description == "1:")
    #expect(TrafficHandle(1, 0x30).description == "1:30")
    #expect(TrafficHandle.ingressDiscipline.description == "ffff:")
    #expect(TrafficHandle.classActionIngress.description == "ffff:fff2")
    #expect(TrafficHandle.root.description == "root")
    #expect(TrafficHandle.ingress.description == "ingress")
  }
}

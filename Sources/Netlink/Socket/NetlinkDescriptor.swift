internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A netlink socket of the kernel, with every modern option on: opened, written to and read from here only.
struct NetlinkDescriptor: ~Copyable {
  let descriptor: OwnedDescriptor

  /// The size of both of the kernel's queues, in bytes of payload. It is half of what `/proc/sys/net/core/wmem_default`
  /// says everywhere, and grows on demand.
  private var queueSize = 64 * 1024

  /// Opens a socket in the namespace of the calling thread. The kernel picks its port when it is first used.
  init(_ netlinkProtocol: NetlinkProtocol) throws(SystemError) {
    let descriptor = OwnedDescriptor(
      owning: try systemCall("socket") {
        socket(AF_NETLINK, CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), netlinkProtocol.rawValue)
      })
    // Filters of a dump are applied by the kernel, and what it does not understand is an error (since Linux 4.20).
    if netlinkProtocol == .route { try setOption(NETLINK_GET_STRICT_CHK, 1, of: descriptor) }
    // Errors come with words (since Linux 4.12), and without a copy of the request (since Linux 4.3).
    try setOption(NETLINK_EXT_ACK, 1, of: descriptor)
    try setOption(NETLINK_CAP_ACK, 1, of: descriptor)
    self.descriptor = descriptor
  }

  /// Gives the socket a port of the kernel's choice. One that never sent has none, and gets no notifications: the
  /// kernel takes it for the sender of those that are nobody's answer.
  func bind() throws(SystemError) {
    var address = sockaddr_nl()
    address.nl_family = sa_family_t(AF_NETLINK)
    _ = try systemCall("bind") {
      withUnsafePointer(to: &address) { address in
        address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
          CLinux::bind(
            descriptor.rawValue, __CONST_SOCKADDR_ARG(__sockaddr__: address), socklen_t(MemoryLayout<sockaddr_nl>.size))
        }
      }
    }
  }

  /// Joins a multicast group: one of the `RTNLGRP_*` constants of <linux/rtnetlink.h>.
  func join(group: UInt32) throws(SystemError) {
    try setOption(NETLINK_ADD_MEMBERSHIP, CInt(truncatingIfNeeded: group), of: descriptor)
  }

  // MARK: Sending

  /// Sends a datagram to the kernel, which does what it says before this returns.
  func send(_ datagram: [UInt8]) throws(SystemError) {
    // A socket that is connected to nobody sends to the kernel.
    _ = try systemCall("send") { CLinux::send(descriptor.rawValue, datagram, datagram.count, 0) }
  }

  /// Makes room in the kernel's queues for a datagram of that size and that many answers.
  mutating func reserve(datagram byteCount: Int, answers: Int) {
    // An answer occupies a page at most, of which its bytes are the smallest part.
    let wanted = max(byteCount, answers * 1024)
    guard wanted > queueSize, let size = CInt(exactly: wanted) else { return }
    queueSize = wanted
    for (forced, limited) in [(SO_SNDBUFFORCE, SO_SNDBUF), (SO_RCVBUFFORCE, SO_RCVBUF)] {
      do throws(SystemError) {
        try setOption(forced, size, of: descriptor, level: SOL_SOCKET)
      } catch {
        // Without the capability the administrator's limit holds. A datagram beyond it is an error of its own.
        try? setOption(limited, size, of: descriptor, level: SOL_SOCKET)
      }
    }
  }
}

private func setOption(
  _ option: CInt, _ value: CInt, of descriptor: borrowing OwnedDescriptor, level: CInt = SOL_NETLINK
) throws(SystemError) {
  var value = value
  let size = socklen_t(MemoryLayout<CInt>.size)
  _ = try systemCall("setsockopt") { setsockopt(descriptor.rawValue, level, option, &value, size) }
}

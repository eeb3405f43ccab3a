internal import CNI
internal import LinuxSystem
internal import Netlink
internal import NetworkAddresses
internal import NetworkNamespaces
internal import RouteNetlink
internal import State
internal import SystemPackage

/// A pair of links that are the two ends of one cable: one in the host's namespace, one in the container's.
struct VethPair {
  /// What the pair is to be like.
  struct Specification {
    /// The largest packet, in bytes. nil leaves it to the kernel (1500).
    var mtu: UInt32?
    /// The hardware address of the container's end. nil takes a random one.
    var containerAddress: MACAddress?
    /// The index of the link that the host's end becomes a port of.
    var master: UInt32?
  }

  let hostName: String
  let hostAddress: MACAddress
  let containerName: String
  let containerAddress: MACAddress

  /// The index of the container's end, in the container's namespace.
  let containerIndex: UInt32

  /// How many names are tried for the host's end.
  private static let attempts = 10

  /// Makes a pair whose ends are where they belong from the beginning: nothing is renamed or moved afterwards.
  ///
  /// Both ends get their hardware addresses with the same message. An address that was given is left alone by those who
  /// would otherwise give a new link another one (udev's `MACAddressPolicy`), and the record can say whose link it is.
  static func make(
    _ specification: Specification, for attachment: inout AttachmentInProgress,
    in namespaces: borrowing AttachmentNamespaces
  ) throws(PluginError) -> VethPair {
    let id = attachment.record.attachment
    let name = id.interfaceName
    let peerAddress = specification.containerAddress ?? .random(using: randomNumber())
    var peer = LinkSpecification(name: name, mtu: specification.mtu, address: peerAddress)
    peer.takeOneQueue()

    for attempt in 0..<attempts {
      let end = AttachmentRecord.HostLink(
        name: id.hostLinkName(attempt: attempt), address: .random(using: randomNumber()))
      try attachment.announce(end)
      var link = LinkSpecification(
        name: end.name, kind: .veth(VethSpecification(peer: peer, peerNamespace: namespaces.namespace.descriptor)),
        mtu: specification.mtu, address: end.address, master: specification.master, isUp: true)
      link.takeOneQueue()

      let request = RouteRequest.addLink(link)
      if try netlink({ () throws(NetlinkError) in try namespaces.host.perform(request, tolerating: [.fileExists]) }) {
        let index = try madeLink(name, in: namespaces.container).index
        return VethPair(
          hostName: end.name, hostAddress: end.address, containerName: name, containerAddress: peerAddress,
          containerIndex: index)
      }
      // The kernel does not say which of the two names is taken.
      if try netlink({ () throws(NetlinkError) in try namespaces.container.link(named: name) }) != nil {
        throw PluginError(.internal, "container veth name \(quoted(name)) already exists")
      }
    }
    throw PluginError(.internal, "failed to find a unique veth name")
  }

  /// The host's end as a result shows it.
  var hostInterface: AttachmentInterface { AttachmentInterface(name: hostName, mac: hostAddress.description) }

  /// The container's end as a result shows it.
  func containerInterface(sandbox: String) -> AttachmentInterface {
    AttachmentInterface(name: containerName, mac: containerAddress.description, sandbox: sandbox)
  }
}

extension LinkSpecification {
  /// Asks for one queue in each direction. The kernel would make as many as the machine can have processors, each with
  /// objects and memory of its own; a veth without XDP does not use them.
  fileprivate mutating func takeOneQueue() {
    transmitQueues = 1
    receiveQueues = 1
  }
}

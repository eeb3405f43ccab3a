public import NetworkAddresses

/// What an ADD made: the success result, in the terms of the newest version. Every version is read into it and written
/// from it.
public struct AttachmentResult: Hashable, Sendable {
  /// The interfaces that the attachment made, those on the host too.
  public var interfaces: [AttachmentInterface]
  /// The addresses of the container.
  public var addresses: [AttachmentAddress]
  /// The routes of the container.
  public var routes: [AttachmentRoute]
  /// How the container should resolve names.
  public var dns: AttachmentDNS

  public init(
    interfaces: [AttachmentInterface] = [], addresses: [AttachmentAddress] = [], routes: [AttachmentRoute] = [],
    dns: AttachmentDNS = AttachmentDNS()
  ) {
    self.interfaces = interfaces
    self.addresses = addresses
    self.routes = routes
    self.dns = dns
  }
}

/// An interface that an attachment made.
public struct AttachmentInterface: Hashable, Sendable {
  /// The name of the interface.
  public var name: String
  /// The hardware address as lower-case text with colons; empty where there is none to tell.
  public var mac: String
  /// The maximum transmission unit in bytes, or nil where it is not told.
  public var mtu: Int?
  /// The path of the container's network namespace (the value of `CNI_NETNS`); nil for an interface on the host.
  public var sandbox: String?
  /// The path of the socket of a vhost-user interface.
  public var socketPath: String?
  /// The PCI address of the device.
  public var pciID: String?

  public init(
    name: String, mac: String = "", mtu: Int? = nil, sandbox: String? = nil, socketPath: String? = nil,
    pciID: String? = nil
  ) {
    self.name = name
    self.mac = mac
    self.mtu = mtu
    self.sandbox = sandbox
    self.socketPath = socketPath
    self.pciID = pciID
  }
}

/// An address of an attachment.
public struct AttachmentAddress: Hashable, Sendable {
  /// The place in the result's `interfaces` of the interface that has the address, from zero. An IPAM plugin does not
  /// know it.
  public var interface: Int?
  /// The address, with its host bits, and the prefix length.
  public var address: CIDR
  /// The default gateway of the address's network.
  public var gateway: IPAddress?

  public init(interface: Int? = nil, address: CIDR, gateway: IPAddress? = nil) {
    self.interface = interface
    self.address = address
    self.gateway = gateway
  }
}

/// A route of an attachment.
///
/// For a size or a priority zero and nil are the same; for `table` and `scope` zero means something.
public struct AttachmentRoute: Hashable, Sendable {
  /// Where the route leads to. Host bits are kept as they were given.
  public var destination: CIDR
  /// The next hop; without it the gateway of the first address of the same family is meant.
  public var gateway: IPAddress?
  /// The maximum transmission unit along the route in bytes.
  public var mtu: Int?
  /// The maximum segment size to advertise to peers, in bytes.
  public var advertisedMSS: Int?
  /// The priority of the route: lower wins.
  public var priority: Int?
  /// The number of the routing table.
  public var table: Int?
  /// The scope: 0 global, 253 link, 254 host. See `rtnetlink(7)`.
  public var scope: Int?

  public init(
    destination: CIDR, gateway: IPAddress? = nil, mtu: Int? = nil, advertisedMSS: Int? = nil, priority: Int? = nil,
    table: Int? = nil, scope: Int? = nil
  ) {
    self.destination = destination
    self.gateway = gateway
    self.mtu = mtu
    self.advertisedMSS = advertisedMSS
    self.priority = priority
    self.table = table
    self.scope = scope
  }
}

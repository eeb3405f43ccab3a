package import CNI
internal import JSON
package import LinuxSystem
package import NetworkAddresses

/// What one plugin made, or is about to make, for one attachment: written before the first change, so that whatever
/// happens in between, somebody finds it.
package struct AttachmentRecord: Hashable, Sendable {
  /// How far the ADD came.
  package enum Phase: String, Sendable {
    /// Begun. A record that is in this phase and that no living process holds was left by an ADD that was killed.
    case adding
    /// Done: the result went to the runtime.
    case attached
  }

  /// A link in the host's namespace. A name alone does not prove whose link it is, so the address that the link was
  /// made with is written down too.
  package struct HostLink: Hashable, Sendable {
    /// The name in the host's namespace.
    package var name: String
    /// The hardware address that it is made with.
    package var address: MACAddress

    package init(name: String, address: MACAddress) {
      self.name = name
      self.address = address
    }
  }

  /// The attachment: network, container and interface name.
  package var attachment: Attachment

  /// The name of the plugin, such as `bridge`.
  package var plugin: String

  /// How far the ADD came.
  package var phase: Phase

  /// The path of the container's network namespace as the runtime gave it.
  package var namespacePath: String

  /// Which namespace that was. A path can lead to another one later.
  package var namespace: FileIdentity?

  /// The links in the host's namespace, made with the attachment and removed with it.
  package var hostLinks: [HostLink] = []

  /// The addresses of the container's interface, known once the IPAM plugin has answered.
  package var addresses: [CIDR] = []

  /// What else the plugin made for the attachment, one text for each thing, in words of its own that it reads back when
  /// it takes them back: `tcp 192.0.2.7 8080`.
  package var owned: [String] = []

  /// The IPAM plugin that was asked for addresses; nil where there was none.
  package var addressManager: String?

  /// When the ADD began, in seconds since 1970.
  package var startedAt: Int

  package init(
    attachment: Attachment, plugin: String, namespacePath: String, namespace: FileIdentity?,
    addressManager: String? = nil,
    startedAt: Int = secondsSince1970()
  ) {
    self.attachment = attachment
    self.plugin = plugin
    self.phase = .adding
    self.namespacePath = namespacePath
    self.namespace = namespace
    self.addressManager = addressManager
    self.startedAt = startedAt
  }
}

internal import JSON

/// A container's connection to a network through one interface: what ADD makes and DEL removes.
public struct Attachment: Hashable, Sendable, CustomStringConvertible {
  /// The name of the network.
  public let network: String
  /// The runtime's identifier of the container.
  public let containerID: String
  /// The name of the interface in the container.
  public let interfaceName: String

  public init(network: String, containerID: String, interfaceName: String) {
    self.network = network
    self.containerID = containerID
    self.interfaceName = interfaceName
  }

  /// The names joined by a dash, as libcni names its file of the attachment.
  public var description: String { "\(network)-\(containerID)-\(interfaceName)" }
}

extension Attachment {
  /// Reads an element of `cni.dev/valid-attachments`.
  init(json: JSONValue, network: String) throws(JSONError) {
    self.init(
      network: network, containerID: try json.value("containerID"), interfaceName: try json.value("ifname"))
  }
}

internal import CMessageDigest

/// The names of what the reference makes in the kernel. They are derived from the names of the network, the container and
/// its interface with SHA-512; whoever finds or shares what the reference made needs the same ones.
enum ReferenceNames {
  /// The chain of an attachment's published ports (iptables). Without the interface's name: two interfaces of one
  /// container in one network share it.
  static func portMapping(network: String, containerID: String) -> String {
    "CNI-DN-" + digest(network + containerID, digits: 21)
  }

  /// The chain in which releases before 0.7 masqueraded published ports. Only ever deleted.
  static func portMappingMasquerade(network: String, containerID: String) -> String {
    "CNI-SN-" + digest(network + containerID, digits: 21)
  }

  /// The chain that masquerades what a container sends (iptables). Shared like that of the published ports.
  static func masquerade(network: String, containerID: String) -> String {
    "CNI-" + digest(network + containerID, digits: 24)
  }

  /// How the comment begins of the rules that masquerade what a container sends (nf_tables).
  static func masqueradeInstance(network: String, interfaceName: String, containerID: String) -> String {
    digest(network, digits: 16) + "-" + digest("\(interfaceName):\(containerID)", digits: 16)
  }

  /// The first digits of the text's SHA-512, in lower-case hexadecimal.
  static func digest(_ text: String, digits: Int) -> String {
    let bytes = Array(text.utf8)
    var digest = [CChar](repeating: 0, count: 2 * Int(SHA512_DIGEST_LENGTH) + 1)
    // The call returns the buffer that it is given.
    _ = SHA512Data(bytes, bytes.count, &digest)
    return String(decoding: digest[..<digits].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

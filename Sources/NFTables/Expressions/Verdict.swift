internal import CLinux
internal import Netlink

/// What becomes of a packet.
public enum Verdict: Hashable, Sendable {
  /// Ends the hook's chain: the packet goes on to the next one.
  case accept

  /// Ends the packet.
  case drop

  /// Goes on behind the jump that led to this chain.
  case `return`

  /// Goes through a chain and comes back at its end.
  case jump(String)

  /// Goes through a chain and does not come back here.
  case goTo(String)

  /// Any other: the kernel's number.
  case other(Int32)
}

extension Verdict {
  /// Appends a `NFTA_DATA_VERDICT`.
  func append(to message: inout MessageBuilder) {
    let (code, chain): (Int32, String?) =
      switch self {
      case .accept: (NF_ACCEPT, nil)
      case .drop: (NF_DROP, nil)
      case .return: (NFT_RETURN.rawValue, nil)
      case .jump(let chain): (NFT_JUMP.rawValue, chain)
      case .goTo(let chain): (NFT_GOTO.rawValue, chain)
      case .other(let code): (code, nil)
      }
    message.nest(NFTA_DATA_VERDICT) { message in
      message.append(NFTA_VERDICT_CODE, UInt32(bitPattern: code))
      if let chain { message.append(NFTA_VERDICT_CHAIN, text: chain) }
    }
  }

  /// Reads a `NFTA_DATA_VERDICT`.
  init(_ attribute: borrowing Attribute) throws(MalformedMessage) {
    var code: Int32?
    var chain: String?
    var attributes = attribute.nested
    while let attribute = try attributes.next() {
      switch attribute.type {
      case NFTA_VERDICT_CODE: code = Int32(bitPattern: try attribute.unsigned)
      case NFTA_VERDICT_CHAIN: chain = attribute.text
      default: break
      }
    }
    guard let code else { throw MalformedMessage("verdict without a code") }
    switch (code, chain) {
    case (NF_ACCEPT, _): self = .accept
    case (NF_DROP, _): self = .drop
    case (NFT_RETURN.rawValue, _): self = .return
    case (NFT_JUMP.rawValue, let chain?): self = .jump(chain)
    case (NFT_GOTO.rawValue, let chain?): self = .goTo(chain)
    default: self = .other(code)
    }
  }
}

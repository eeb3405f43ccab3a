// Statements that do something with a packet.

public import NetworkAddresses

extension Statement {
  /// `accept`
  public static let accept = Statement(.verdict(.accept))

  /// `drop`
  public static let drop = Statement(.verdict(.drop))

  /// `return`
  public static let `return` = Statement(.verdict(.return))

  /// `jump CHAIN`
  public static func jump(_ chain: String) -> Statement { Statement(.verdict(.jump(chain))) }

  /// `goto CHAIN`
  public static func goTo(_ chain: String) -> Statement { Statement(.verdict(.goTo(chain))) }

  /// `counter`
  public static let counter = Statement(.counter(Counter()))

  /// `reject`, in the family inet.
  public static let reject = Statement(.reject(.portUnreachable))

  /// `masquerade`
  public static func masquerade(_ flags: TranslationFlags = []) -> Statement {
    Statement(.masquerade(Masquerade(flags: flags)))
  }

  /// `meta mark set meta mark | BITS`
  public static func setMark(_ bits: UInt32) -> Statement { changeMark(keeping: ~bits, toggling: bits) }

  /// `meta mark set meta mark & ~BITS`
  public static func clearMark(_ bits: UInt32) -> Statement { changeMark(keeping: ~bits, toggling: 0) }

  /// `meta mark set FIELD . FIELD map @MAP`: the new mark is in a map. Goes on where the map says nothing.
  public static func setMark(_ fields: Field..., map: String) -> Statement {
    Statement(
      Field.expressions(fields) + [
        .lookup(Lookup(map, result: .data(.first))), .meta(Meta(.mark, isSetting: true)),
      ])
  }

  private static func changeMark(keeping mask: UInt32, toggling bits: UInt32) -> Statement {
    Statement(
      .meta(Meta(.mark)), .bitwise(Bitwise(mask: hostBytes(mask), exclusiveOr: hostBytes(bits))),
      .meta(Meta(.mark, isSetting: true)))
  }

  /// `dnat ip to FIELD . FIELD map @MAP`: the new destination, an address and a port, is in a map. Goes on where the
  /// map says nothing.
  public static func destinationNAT(
    _ family: AddressFamily, _ fields: Field..., map: String, flags: TranslationFlags = []
  ) -> Statement {
    // The map's value is a concatenation, and takes the place of the key.
    let port = Register.first.after(byteCount: family.byteCount)
    return Statement(
      Field.expressions(fields) + [
        .lookup(Lookup(map, result: .data(.first))),
        .nat(NetworkAddressTranslation(.destination, family, port: port, flags: flags)),
      ])
  }

  /// `dnat ip to ADDRESS:PORT`
  public static func destinationNAT(to address: IPAddress, port: UInt16? = nil, flags: TranslationFlags = [])
    -> Statement
  {
    translation(.destination, address, port, flags)
  }

  /// `snat ip to ADDRESS`
  public static func sourceNAT(to address: IPAddress, port: UInt16? = nil, flags: TranslationFlags = []) -> Statement {
    translation(.source, address, port, flags)
  }

  private static func translation(
    _ kind: NetworkAddressTranslation.Kind, _ address: IPAddress, _ port: UInt16?, _ flags: TranslationFlags
  ) -> Statement {
    var translation = NetworkAddressTranslation(kind, address.family, flags: flags)
    var statement = Statement(.immediate(Immediate(address.bytes)))
    if let port {
      let register = Register(word: 4)
      statement.expressions.append(.immediate(Immediate(ElementPart.port(port).encoded, register: register)))
      translation.port = register
    }
    statement.expressions.append(.nat(translation))
    return statement
  }
}

/// How addresses are chosen, beyond what the reference does. Nothing of it is on unless a configuration asks for it.
package struct LeasePolicy: Hashable, Sendable {
  /// How many seconds an address rests after its release before anybody else gets it: up to
  /// ``longestCooldown``; 0 for not at all.
  package var cooldown: Int

  /// Whether an attachment gets the address that its container's id and its interface's name stand for, while that is
  /// free; the next free one after it otherwise.
  ///
  /// The address is computed and not remembered: it is the same after any loss of state, and on any node.
  package var isStable: Bool

  package init(cooldown: Int = 0, isStable: Bool = false) {
    self.cooldown = cooldown
    self.isStable = isStable
  }

  /// A day, in seconds: whoever wants to keep addresses for longer wants a larger range.
  package static var longestCooldown: Int { 86400 }

  /// The rest in nanoseconds.
  var rest: Int64 { Int64(min(max(cooldown, 0), Self.longestCooldown)) * 1_000_000_000 }
}

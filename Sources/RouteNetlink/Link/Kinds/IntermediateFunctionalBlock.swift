extension LinkKind {
  /// A link that gives back what is redirected to it (`ifb`): on the way its own queueing discipline holds packets that
  /// come *in* somewhere, where none could be held.
  public static var intermediateFunctionalBlock: LinkKind { LinkKind("ifb") }
}

/// A part of a rule as one writes it in nft: a few expressions that belong together.
public struct Statement: Equatable, Sendable {
  /// What is gone through, in order.
  public var expressions: [Expression]

  public init(_ expressions: [Expression]) { self.expressions = expressions }

  public init(_ expressions: Expression...) { self.expressions = expressions }
}

package import Testing

/// Skips the running test, aloud: of a case among several the runner itself says nothing.
package func skip(_ reason: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Never {
  print("SKIPPED \(Test.current?.name ?? "test"): \(reason)")
  try Test.cancel(Comment(rawValue: reason), sourceLocation: sourceLocation)
}

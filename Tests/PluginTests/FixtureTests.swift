import TestSupport
import Testing

/// Every case of `testdata/plugins`, against the plugins of `PLUGIN_DIR` (the built ones where that is unset).
@Suite("Fixtures") struct FixtureTests {
  @Test("Case", arguments: Fixture.all)
  func runs(_ fixture: Fixture) throws {
    var run = try FixtureRun(fixture)
    try run.run()
  }

  @Test("Every documented difference from the reference says why", arguments: Fixture.all)
  func saysWhy(_ fixture: Fixture) {
    let documents = fixture.files.contains { $0.contains(".reference") }
    #expect(documents == (fixture.text("reference.md") != nil))
  }
}

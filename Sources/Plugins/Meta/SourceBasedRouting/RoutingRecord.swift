internal import JSON
internal import NetworkAddresses
internal import RouteNetlink

/// What source-based routing has changed, as the journal's record tells of it: one text each, a word and what it is about.
struct RoutingRecord {
  private(set) var texts: [String] = []

  /// Reads a record.
  init(_ owned: [String]) { texts = owned }

  /// Tells of what is planned.
  ///
  /// - Parameter link: The index of the interface; nil where its routes are left alone.
  init(_ plan: RoutingPlan, link: UInt32?) {
    if let link { texts.append("interface \(link)") }
    for rule in plan.rules {
      if let source = rule.source { texts.append("rule \(source.address) \(rule.table.rawValue)") }
    }
    for table in plan.tables { texts.append("table \(table.rawValue)") }
    for route in plan.hints { texts.append("hint \(route.text)") }
    for route in plan.removed { texts.append("main \(route.text)") }
  }

  /// Whether a link is the interface. Another one can have its name by now.
  func tellsOf(_ link: Link) -> Bool { texts.contains("interface \(link.index)") }

  /// The rules that were added.
  var rules: [RoutingRule] {
    var rules: [RoutingRule] = []
    for text in texts.values(of: "rule") {
      guard let (address, table) = splitAtBlank(text), let source = IPAddress(address),
        let table = RouteTable(decimal: table)
      else { continue }
      rules.append(RoutingRule(from: source, table: table))
    }
    return rules
  }

  /// The tables that were filled.
  var tables: [RouteTable] { texts.values(of: "table").compactMap { RouteTable(decimal: $0) } }

  /// The routes that were added to the main table.
  var hints: [Route] { texts.values(of: "hint").compactMap { Route(text: $0) } }

  /// The routes that were taken out of the main table.
  var removed: [Route] { texts.values(of: "main").compactMap { Route(text: $0) } }
}

extension RouteTable {
  /// The table of a decimal number.
  fileprivate init?(decimal text: String) {
    guard let number = UInt32(text) else { return nil }
    self.init(rawValue: number)
  }
}

// The reader and the writer of a route stand side by side, field by field in the same order. The link is not written down:
// it is the record's interface.
extension Route {
  fileprivate init?(text: String) {
    guard let json = try? JSONValue(parsing: Array(text.utf8)), let route = try? Route(json: json) else { return nil }
    self = route
  }

  private init(json: JSONValue) throws(JSONError) {
    self.init(to: try json.value("dst"))
    gateway = try json.valueIfPresent("via")
    source = try json.valueIfPresent("src")
    priority = try json.valueIfPresent("metric")
    scope = Scope(rawValue: try json.value("scope"))
    origin = RouteProtocol(rawValue: try json.value("proto"))
    mtu = try json.valueIfPresent("mtu")
    advertisedMSS = try json.valueIfPresent("advmss")
    isOnLink = try json.value("onlink", default: false)
  }

  /// The route as one line of JSON, with the words of ip(8).
  fileprivate var text: String {
    var object = JSONNode.object()
    object.set("dst", .string(destination.description))
    if let gateway { object.set("via", .string(gateway.description)) }
    if let source { object.set("src", .string(source.description)) }
    if let priority { object.set("metric", .integer(Int(priority))) }
    object.set("scope", .integer(Int(scope.rawValue)))
    object.set("proto", .integer(Int(origin.rawValue)))
    if let mtu { object.set("mtu", .integer(Int(mtu))) }
    if let advertisedMSS { object.set("advmss", .integer(Int(advertisedMSS))) }
    if isOnLink { object.set("onlink", .boolean(true)) }
    return String(decoding: object.serialized(.compact), as: UTF8.self)
  }
}

internal import CJansson

extension JSONValue {
  /// The way from the document's root to the value: `ipam.ranges[0][1].subnet`; empty for the root.
  public var path: String {
    guard container != nil else { return "" }
    return wayToContainer().reduce("", +) + step
  }

  /// The way to a place in this object or array.
  func path(to step: Step) -> String { path + step }

  private func wayToContainer() -> [Step] {
    guard let container else { return [] }
    return steps(to: container, from: document.root)?.reversed() ?? []
  }
}

/// The steps to an object or array below `node`, the last one first. Nothing but jansson's singletons is in a document
/// twice, and those are neither.
private func steps(to wanted: JSONReference, from node: JSONReference) -> [JSONValue.Step]? {
  if node == wanted { return [] }
  switch JSONKind(node) {
  case .object:
    var iterator = json_object_iter(node)
    while let position = iterator {
      if let child = json_object_iter_value(position), let steps = steps(to: wanted, from: child) {
        return steps + [.key(String(decoding: keyBytes(at: position), as: UTF8.self))]
      }
      iterator = json_object_iter_next(node, position)
    }
  case .array:
    for index in 0..<json_array_size(node) {
      if let child = json_array_get(node, index), let steps = steps(to: wanted, from: child) {
        return steps + [.index(index)]
      }
    }
  default: break
  }
  return nil
}

private func + (path: String, step: JSONValue.Step) -> String {
  switch step {
  case .index(let index): return "\(path)[\(index)]"
  case .key(let key):
    // A key that would not read as one, or not stay on one line, is shown escaped: `sysctl["a b"]`.
    guard !key.isEmpty, key.utf8.allSatisfy(isPlain) else { return "\(path)[\(key.debugDescription)]" }
    return path.isEmpty ? key : "\(path).\(key)"
  }
}

private func isPlain(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"):
    true
  default: false
  }
}

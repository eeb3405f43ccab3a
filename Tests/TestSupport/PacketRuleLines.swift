/// What `nft list ruleset` prints, as lines that each say where they are from: the table, and the chain or set.
///
/// A table and its base chains are nothing by themselves: iptables makes them to look into them. Of the tables `swift-cni`
/// only elements are listed. Their chains, rules and sets are the same for every attachment, and stay, as a bridge does.
func packetRuleLines(_ ruleset: String) -> [String] {
  var lines: [String] = []
  var table = ""
  var block = ""
  var isInElements = false
  for line in ruleset.split(separator: "\n") {
    let text = String(line.drop { $0 == "\t" || $0 == " " })
    let isOwn = table.hasSuffix(" swift-cni")
    if text.hasPrefix("elements = {") { isInElements = true }
    if isInElements {
      lines.append("\(block) of \(table): \(text)")
      isInElements = !text.hasSuffix("}")
    } else if text.hasPrefix("table ") {
      table = String(text.dropLast(2))
    } else if text.hasSuffix("{") {
      block = String(text.dropLast(2))
      if !isOwn { lines.append("\(block) of \(table)") }
    } else if text.hasPrefix("type "), text.hasSuffix(" policy accept;") {
      if lines.last == "\(block) of \(table)" { lines.removeLast() }
    } else if !isOwn, text != "}" {
      lines.append("\(block) of \(table): \(text)")
    }
  }
  return lines
}

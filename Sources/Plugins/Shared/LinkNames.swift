/// Why a text cannot be the name of a link, or nil where it can: what the kernel's `dev_valid_name` refuses; the colon,
/// which old tools take for an alias; and the percent sign, since the kernel makes `br0` of `br%d`, and `br1` next time.
func linkNameProblem(_ name: String) -> String? {
  if name.isEmpty { return "it is empty" }
  if name.utf8.count > 15 { return "it is longer than 15 bytes" }
  if name == "." || name == ".." { return "it is . or .." }
  let isForbidden = name.unicodeScalars.contains { scalar in
    scalar == "/" || scalar == ":" || scalar.value == 0 || scalar.properties.isWhitespace
  }
  if isForbidden { return "it contains / or : or whitespace characters" }
  return name.utf8.contains(UInt8(ascii: "%")) ? "it contains %" : nil
}

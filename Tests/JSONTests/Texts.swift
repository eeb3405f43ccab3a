import JSON
import LinuxSystem

/// A JSON text of the test, parsed.
func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

/// The bytes of a file of `testdata/json`.
func sample(_ name: String) throws -> [UInt8] {
  let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  return try readFile("/\(root)/testdata/json/\(name)")
}

/// The error that a closure throws, as a person reads it; nil when it throws none.
func failure<T>(_ body: () throws(JSONError) -> T) -> String? {
  do throws(JSONError) {
    _ = try body()
    return nil
  } catch {
    return error.description
  }
}

internal import CLinux

/// Random bytes from the kernel, for names and hardware addresses. See `getrandom(2)`.
package func randomNumber() -> UInt64 {
  var value: UInt64 = 0
  let length = MemoryLayout<UInt64>.size
  while getrandom(&value, length, 0) != length {}
  return value
}

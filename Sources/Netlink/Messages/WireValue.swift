internal import CLinux

/// A value that goes over a socket as it lies in memory: an integer, or a C structure of the kernel's headers that
/// consists of integers.
///
/// A type conforms by saying so; it must have no pointers and no references in it. (`BitwiseCopyable` says the same, but
/// the release compiler does not find the conformance of an imported structure in a function that it takes from another
/// module.)
public protocol WireValue {}

extension UInt8: WireValue {}
extension UInt16: WireValue {}
extension UInt32: WireValue {}
extension UInt64: WireValue {}
extension UInt128: WireValue {}
extension Int8: WireValue {}
extension Int16: WireValue {}
extension Int32: WireValue {}
extension Int64: WireValue {}

extension nlmsghdr: WireValue {}
extension nlmsgerr: WireValue {}
extension nlattr: WireValue {}
extension nfgenmsg: WireValue {}

import CLinux
public import Netlink

// The only structure of rtnetlink that the tests of the sockets need.
extension ifinfomsg: WireValue {}

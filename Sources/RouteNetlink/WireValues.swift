// The structures of <linux/rtnetlink.h> and its companions that go over the wire as they are.

internal import CLinux
public import Netlink

extension ifinfomsg: WireValue {}
extension ifaddrmsg: WireValue {}
extension rtmsg: WireValue {}
extension rtnexthop: WireValue {}
extension fib_rule_hdr: WireValue {}
extension ndmsg: WireValue {}
extension bridge_vlan_info: WireValue {}

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

// Traffic control: <linux/pkt_sched.h>, <linux/pkt_cls.h>, <linux/tc_act/tc_mirred.h>.
extension tcmsg: WireValue {}
extension tc_tbf_qopt: WireValue {}
extension tc_htb_glob: WireValue {}
extension tc_htb_opt: WireValue {}
extension tc_fifo_qopt: WireValue {}
extension tc_u32_sel: WireValue {}
extension tc_u32_key: WireValue {}
extension tc_mirred: WireValue {}

internal import CLinux
internal import Netlink

extension MessageType {
  /// A message of connection tracking. The number is an `IPCTNL_MSG_CT_*` constant of
  /// <linux/netfilter/nfnetlink_conntrack.h>.
  init(conntrack message: UInt32) {
    self.init(subsystem: UInt8(NFNL_SUBSYS_CTNETLINK), message: UInt8(truncatingIfNeeded: message))
  }
}

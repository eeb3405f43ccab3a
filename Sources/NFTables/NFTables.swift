internal import CLinux
internal import Netlink

extension MessageType {
  /// A message of nf_tables. The number is an `NFT_MSG_*` constant of <linux/netfilter/nf_tables.h>.
  init(nfTables message: UInt32) {
    self.init(subsystem: UInt8(NFNL_SUBSYS_NFTABLES), message: UInt8(truncatingIfNeeded: message))
  }
}

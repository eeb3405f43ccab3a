// The kernel's and glibc's own declarations, for Swift. `import Glibc` is built without _GNU_SOURCE, so it lacks
// setns, unshare, the CLONE_* constants, sockaddr_nl and every <linux/...> header: this module has them.
//
// Only what the clang importer cannot see is spelled out below (macros with casts or calls, variadic functions).
// Nothing else is retyped: a constant comes from the header that defines it.
#ifndef CLINUX_H
#define CLINUX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

// fd_set's one member has another name under X/Open. The C module of swift-system is built without _GNU_SOURCE, and the
// compiler refuses a build in which two modules disagree about a structure.
#include <features.h>
#pragma push_macro("__USE_XOPEN")
#undef __USE_XOPEN
#include <sys/select.h>
#pragma pop_macro("__USE_XOPEN")

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// glibc's own first: the kernel headers then leave out what it declares.
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>

#include <linux/if.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/veth.h>

// The magic numbers of the two file systems that namespace files live on (NSFS_MAGIC since Linux 3.19).
static const uint32_t SWIFTCNI_NSFS_MAGIC = NSFS_MAGIC;
static const uint32_t SWIFTCNI_PROC_SUPER_MAGIC = PROC_SUPER_MAGIC;

// ioctl_ns(2): the CLONE_NEW* constant of the namespace that a descriptor refers to; ENOTTY for any other file.
static inline int swiftcni_namespace_type(int descriptor) { return ioctl(descriptor, NS_GET_NSTYPE); }

// open(2), openat(2) and fcntl(2) are variadic, which Swift does not call.
static inline int swiftcni_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
static inline int swiftcni_openat(int directory, const char *path, int flags, mode_t mode) {
  return openat(directory, path, flags, mode);
}
static inline int swiftcni_fcntl(int descriptor, int command, int argument) {
  return fcntl(descriptor, command, argument);
}

// The number of the setns system call on this architecture, as Go's netns published it (SYS_SETNS).
static const long SWIFTCNI_SYS_SETNS = SYS_setns;

static inline pid_t swiftcni_gettid(void) { return (pid_t)syscall(SYS_gettid); }

// <linux/netlink.h> has these two with shifts and casts in them.
static const uint16_t SWIFTCNI_NLA_F_NESTED = NLA_F_NESTED;
static const uint16_t SWIFTCNI_NLA_TYPE_MASK = (uint16_t)(NLA_TYPE_MASK);

// The name that this process was started by. The list of its arguments takes Swift ten times as long to make.
static inline const char *swiftcni_invocation(void) { return program_invocation_name; }

// <sys/stat.h> has it with a cast: leave this time of futimens(2) as it is.
static const long swiftcni_utime_omit = UTIME_OMIT;

// timer_create(2) with a signal for one thread: the member that names the thread is a macro in newer headers, and in older
// ones has no name at all.
static inline int swiftcni_thread_timer(timer_t *timer, int signal) {
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = signal;
  event._sigev_un._tid = swiftcni_gettid();
  return timer_create(CLOCK_MONOTONIC, &event, timer);
}

// The last but one of the real-time signals; SIGRTMAX is a call.
static inline int swiftcni_alarm_signal(void) { return SIGRTMAX - 1; }

// errno is a macro with a call in it.
static inline int swiftcni_errno(void) { return errno; }
static inline void swiftcni_set_errno(int code) { errno = code; }
static inline const char *swiftcni_strerror(int code) { return strerror(code); }

#endif

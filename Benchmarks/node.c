#define _GNU_SOURCE
#include "node.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"

#define MAXIMUM_HOSTS 8

static int hosts[MAXIMUM_HOSTS];
static int containers[MAXIMUM_CONTAINERS];
static char container_paths[MAXIMUM_CONTAINERS][64];

void enter_private_node(void) {
  if (unshare(CLONE_NEWNET | CLONE_NEWNS)) stop("a private node (needs root)");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) stop("private mounts");
  if (mount("tmpfs", "/run", "tmpfs", 0, NULL)) stop("tmpfs on /run");
  if (mount("tmpfs", "/var/lib", "tmpfs", 0, NULL)) stop("tmpfs on /var/lib");
  if (mkdir("/run/netns", 0755) || mkdir("/var/lib/cni", 0755)) stop("directories");
}

static void bring_loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0 || ioctl(descriptor, SIOCSIFFLAGS, &request)) stop("bring lo up");
  close(descriptor);
}

static void switch_on(const char *setting) {
  int file = open(setting, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, "1", 1) != 1) stop("%s", setting);
  close(file);
}

// A node with containers forwards; were it left to the plugins, the floor would play on an easier host than they.
static void forward(void) {
  switch_on("/proc/sys/net/ipv4/ip_forward");
  switch_on("/proc/sys/net/ipv6/conf/all/forwarding");
}

static int new_namespace(void) {
  if (unshare(CLONE_NEWNET)) stop("network namespace");
  int descriptor = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) stop("network namespace");
  return descriptor;
}

// As `ip netns add` does.
static void bind_namespace(const char *path) {
  int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (file < 0) stop("%s", path);
  close(file);
  if (mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL)) stop("%s", path);
}

void make_namespaces(int host_count, int container_count) {
  if (host_count > MAXIMUM_HOSTS || container_count > MAXIMUM_CONTAINERS) stop("too many namespaces");
  for (int i = 0; i < host_count; i++) {
    hosts[i] = new_namespace();
    bring_loopback_up();
    forward();
  }
  for (int i = 0; i < container_count; i++) {
    containers[i] = new_namespace();
    snprintf(container_paths[i], sizeof container_paths[i], "/run/netns/container-%d", i);
    bind_namespace(container_paths[i]);
  }
}

static void enter(int namespace) {
  if (setns(namespace, CLONE_NEWNET)) stop("enter namespace");
}

void enter_host(int host) { enter(hosts[host]); }

void enter_container(int container) { enter(containers[container]); }

const char *container_path(int container) { return container_paths[container]; }

static bool counts(const struct ifaddrs *entry, const char *link) {
  if (strcmp(entry->ifa_name, link) || !entry->ifa_addr || !(entry->ifa_flags & IFF_UP)) return false;
  if (entry->ifa_addr->sa_family == AF_INET) return true;
  if (entry->ifa_addr->sa_family != AF_INET6) return false;
  return !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)entry->ifa_addr)->sin6_addr);
}

int addresses_in(int container, const char *link) {
  struct ifaddrs *list;
  int found = 0;
  int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (here < 0) stop("open own namespace");
  enter(containers[container]);
  if (getifaddrs(&list)) stop("list addresses");
  for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next) found += counts(entry, link);
  freeifaddrs(list);
  if (if_nametoindex(link) == 0) found = -1;
  enter(here);
  close(here);
  return found;
}

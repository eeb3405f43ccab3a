// The floor: the least that an ADD or DEL can cost as a process of its own.
//
// It reads the configuration without understanding it, sends the kernel the messages that a bridge or a point-to-point
// attachment needs, writes the lease files, and prints a result. Nothing is decided, checked, looked up or undone. A
// plugin cannot be faster; how much slower it is, is what its care costs.
//
// Called as the plugins are, with the kind ("bridge" or "ptp") and a number for the addresses as arguments, because it
// does not read them from the configuration. The bridge "br-floor" exists.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

// MARK: Requests

static struct {
  char bytes[16384];
  size_t length;
  unsigned count;
  struct nlmsghdr *last;
} batch;

static void begin(unsigned short type, unsigned short flags, const void *header, size_t size) {
  batch.last = (struct nlmsghdr *)(batch.bytes + batch.length);
  *batch.last = (struct nlmsghdr){
      .nlmsg_len = NLMSG_LENGTH(size), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags, .nlmsg_seq = ++batch.count};
  memcpy(NLMSG_DATA(batch.last), header, size);
  batch.length += NLMSG_ALIGN(batch.last->nlmsg_len);
}

static struct rtattr *put(unsigned short type, const void *value, size_t size) {
  struct rtattr *attribute = (struct rtattr *)(batch.bytes + batch.length);
  attribute->rta_type = type;
  attribute->rta_len = RTA_LENGTH(size);
  memcpy(RTA_DATA(attribute), value, size);
  batch.length += RTA_ALIGN(attribute->rta_len);
  batch.last->nlmsg_len = (char *)batch.bytes + batch.length - (char *)batch.last;
  return attribute;
}

static void put_number(unsigned short type, unsigned value) { put(type, &value, sizeof value); }
static void put_text(unsigned short type, const char *text) { put(type, text, strlen(text) + 1); }
static void end(struct rtattr *nest) { nest->rta_len = batch.bytes + batch.length - (char *)nest; }

// Sends what was begun in one message, and reads the acknowledgement of each.
static void perform(int socket) {
  if (send(socket, batch.bytes, batch.length, 0) < 0) die("send");
  for (unsigned acknowledged = 0; acknowledged < batch.count;) {
    char answer[16384];
    ssize_t length = recv(socket, answer, sizeof answer, 0);
    if (length < 0) die("recv");
    for (struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, (size_t)length);
         message = NLMSG_NEXT(message, length)) {
      struct nlmsgerr *error = NLMSG_DATA(message);
      if (message->nlmsg_type != NLMSG_ERROR) continue;
      if (error->error != 0) fprintf(stderr, "request %u: %s\n", message->nlmsg_seq, strerror(-error->error)), exit(1);
      acknowledged++;
    }
  }
  batch.length = batch.count = 0;
}

static int open_socket(void) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) die("socket");
  return descriptor;
}

// MARK: What an attachment consists of

// One message: the host's end, up and on the bridge, and the other end in the container.
static void add_veth(const char *host_name, const char *name, int container, unsigned bridge) {
  struct ifinfomsg link = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP}, peer = {0};
  begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
  put_text(IFLA_IFNAME, host_name);
  if (bridge != 0) put_number(IFLA_MASTER, bridge);
  put_number(IFLA_NUM_TX_QUEUES, 1);
  put_number(IFLA_NUM_RX_QUEUES, 1);
  struct rtattr *info = put(IFLA_LINKINFO, "", 0);
  put_text(IFLA_INFO_KIND, "veth");
  struct rtattr *data = put(IFLA_INFO_DATA, "", 0);
  struct rtattr *other = put(VETH_INFO_PEER, &peer, sizeof peer);
  put_text(IFLA_IFNAME, name);
  put_number(IFLA_NET_NS_FD, container);
  put_number(IFLA_NUM_TX_QUEUES, 1);
  put_number(IFLA_NUM_RX_QUEUES, 1);
  end(other);
  end(data);
  end(info);
}

static void set_up(unsigned index) {
  struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  begin(RTM_NEWLINK, 0, &link, sizeof link);
}

struct address {
  int family, size;
  unsigned char bytes[16];
};

static struct address parse(const char *text) {
  struct address address = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};
  address.size = address.family == AF_INET ? 4 : 16;
  if (inet_pton(address.family, text, address.bytes) != 1) exit(1);
  return address;
}

static void add_address(unsigned index, struct address address, int prefix_length, unsigned flags) {
  struct ifaddrmsg message = {.ifa_family = address.family, .ifa_prefixlen = prefix_length, .ifa_index = index};
  begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &message, sizeof message);
  put(IFA_LOCAL, address.bytes, address.size);
  put(IFA_ADDRESS, address.bytes, address.size);
  put_number(IFA_FLAGS, flags | (address.family == AF_INET6 ? IFA_F_NODAD : 0));
}

static void add_route(unsigned index, struct address destination, int prefix_length, const struct address *gateway) {
  struct rtmsg route = {.rtm_family = destination.family, .rtm_dst_len = prefix_length, .rtm_table = RT_TABLE_MAIN,
      .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST, .rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK};
  begin(RTM_NEWROUTE, NLM_F_CREATE, &route, sizeof route);
  if (prefix_length > 0) put(RTA_DST, destination.bytes, destination.size);
  if (gateway) put(RTA_GATEWAY, gateway->bytes, gateway->size);
  put_number(RTA_OIF, index);
}

static void write_lease(const char *address, const char *container, const char *interface) {
  char path[256], content[256];
  snprintf(path, sizeof path, "/var/lib/cni/networks/floor/%s", address);
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) die(path);
  int length = snprintf(content, sizeof content, "%s\r\n%s", container, interface);
  if (write(file, content, length) != length) die(path);
  close(file);
}

static void remove_lease(const char *address) {
  char path[256];
  snprintf(path, sizeof path, "/var/lib/cni/networks/floor/%s", address);
  unlink(path);
}

// The index of a link of a socket's namespace.
static unsigned index_of(int socket, const char *name) {
  struct ifinfomsg link = {0};
  begin(RTM_GETLINK, 0, &link, sizeof link);
  batch.last->nlmsg_flags = NLM_F_REQUEST;
  put_text(IFLA_IFNAME, name);
  if (send(socket, batch.bytes, batch.length, 0) < 0) die("send");
  batch.length = batch.count = 0;
  char answer[16384];
  if (recv(socket, answer, sizeof answer, 0) < 0) die("recv");
  if (((struct nlmsghdr *)answer)->nlmsg_type != RTM_NEWLINK) die(name);
  return ((struct ifinfomsg *)NLMSG_DATA((struct nlmsghdr *)answer))->ifi_index;
}

int main(int count, char **arguments) {
  static char configuration[65536];
  while (read(0, configuration, sizeof configuration) > 0) {}
  if (count != 3) return 1;
  int is_bridge = strcmp(arguments[1], "bridge") == 0, number = atoi(arguments[2]);
  const char *container_id = getenv("CNI_CONTAINERID"), *interface = getenv("CNI_IFNAME");
  char host_name[IFNAMSIZ], ipv4[32], ipv6[64];
  snprintf(host_name, sizeof host_name, "floor%d", number);
  snprintf(ipv4, sizeof ipv4, "10.%d.%d.%d", is_bridge ? 32 : 33, number / 256, number % 256);
  snprintf(ipv6, sizeof ipv6, "fd33::%x", number);
  struct address gateway4 = parse(is_bridge ? "10.32.0.1" : "10.33.0.1"), gateway6 = parse("fd33::1");
  struct address any4 = parse("0.0.0.0"), any6 = parse("::");

  int container = open(getenv("CNI_NETNS"), O_RDONLY | O_CLOEXEC), home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  int host_socket = open_socket();
  if (setns(container, CLONE_NEWNET) != 0) die("setns");
  int container_socket = open_socket();
  if (setns(home, CLONE_NEWNET) != 0) die("setns");

  if (strcmp(getenv("CNI_COMMAND"), "DEL") == 0) {
    struct ifinfomsg link = {0};
    begin(RTM_DELLINK, 0, &link, sizeof link);
    put_text(IFLA_IFNAME, interface);
    perform(container_socket);
    remove_lease(ipv4);
    if (!is_bridge) remove_lease(ipv6);
    return 0;
  }

  write_lease(ipv4, container_id, interface);
  if (!is_bridge) write_lease(ipv6, container_id, interface);
  add_veth(host_name, interface, container, is_bridge ? index_of(host_socket, "br-floor") : 0);
  perform(host_socket);
  unsigned inside = index_of(container_socket, interface);
  if (is_bridge) {
    add_address(inside, parse(ipv4), 16, 0);
    set_up(inside);
    add_route(inside, any4, 0, &gateway4);
    perform(container_socket);
  } else {
    add_address(inside, parse(ipv4), 16, IFA_F_NOPREFIXROUTE);
    add_address(inside, parse(ipv6), 64, IFA_F_NOPREFIXROUTE);
    set_up(inside);
    add_route(inside, gateway4, 32, NULL);
    add_route(inside, gateway6, 128, NULL);
    add_route(inside, any4, 0, &gateway4);
    add_route(inside, any6, 0, &gateway6);
    perform(container_socket);
    unsigned outside = index_of(host_socket, host_name);
    add_address(outside, gateway4, 32, 0);
    add_address(outside, gateway6, 128, 0);
    add_route(outside, parse(ipv4), 32, NULL);
    add_route(outside, parse(ipv6), 128, NULL);
    perform(host_socket);
  }
  printf("{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"%s\"},{\"name\":\"%s\",\"sandbox\":\"%s\"}],"
         "\"ips\":[{\"interface\":1,\"address\":\"%s/16\"}]}", host_name, interface, getenv("CNI_NETNS"), ipv4);
  return 0;
}

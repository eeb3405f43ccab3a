// The floor: what `bridge` with `host-local` costs at least.
//
// It is called as a plugin is, sends the kernel the messages that an attachment needs, in as few packets as they fit
// in, and does little else: the configuration is searched for a few strings instead of parsed, nothing is undone after
// an error, and no journal is written. It is no plugin; it only shows how much of a plugin's time is the kernel's.
//
//   CNI_COMMAND=ADD CNI_CONTAINERID=… CNI_NETNS=… CNI_IFNAME=… floor <configuration     attaches
//   CNI_COMMAND=DEL CNI_CONTAINERID=… floor <configuration-with-prevResult              detaches
//   CNI_COMMAND=VERSION floor                                                           only starts
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlink.h"

#define LEASES "/var/lib/cni/floor"

struct address {
  int family;
  size_t size;
  uint8_t bytes[16];
  int prefix_length;
};

struct link {
  int index;
  uint8_t mac[6];
};

// Up to two families: IPv4, and IPv6 where the configuration has a second range.
struct network {
  char name[64];
  char bridge[IFNAMSIZ];
  struct address subnets[2];
  int families;
};

static const char *environment(const char *name) {
  const char *value = getenv(name);
  if (!value) {
    errno = EINVAL;
    fail("%s", name);
  }
  return value;
}

// Requests

// False where there is no such link.
static bool find_link(int socket, const char *name, struct link *link) {
  struct batch batch = {0};
  struct ifinfomsg header = {0};
  request(&batch, RTM_GETLINK, 0, &header, sizeof header);
  attribute_text(&batch, IFLA_IFNAME, name);
  attribute_number(&batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  send_batch(socket, &batch);

  _Alignas(NLMSG_ALIGNTO) char buffer[8192];
  receive(socket, buffer, sizeof buffer);
  struct nlmsghdr *answer = (void *)buffer;
  if (answer->nlmsg_type == NLMSG_ERROR) {
    if ((errno = acknowledged(answer)) == ENODEV) return false;
    fail("find %s", name);
  }
  struct ifinfomsg *found = NLMSG_DATA(answer);
  link->index = found->ifi_index;
  int left = IFLA_PAYLOAD(answer);
  for (struct rtattr *each = IFLA_RTA(found); RTA_OK(each, left); each = RTA_NEXT(each, left))
    if (each->rta_type == IFLA_ADDRESS) memcpy(link->mac, RTA_DATA(each), sizeof link->mac);
  return true;
}

static uint32_t broadcast_address(const struct address *address) {
  uint32_t bits;
  memcpy(&bits, address->bytes, sizeof bits);
  return bits | htonl(0xffffffffu >> address->prefix_length);
}

static void request_address(struct batch *batch, int index, const struct address *address) {
  struct ifaddrmsg header = {
      .ifa_family = address->family, .ifa_prefixlen = address->prefix_length, .ifa_index = index};
  // Duplicate address detection takes a second and more; in the plugin's network nobody else gives addresses away.
  if (address->family == AF_INET6) header.ifa_flags = IFA_F_NODAD;
  request(batch, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
  attribute(batch, IFA_LOCAL, address->bytes, address->size);
  attribute(batch, IFA_ADDRESS, address->bytes, address->size);
  if (address->family == AF_INET) attribute_number(batch, IFA_BROADCAST, broadcast_address(address));
}

static void request_default_route(struct batch *batch, int index, const struct address *gateway) {
  struct rtmsg header = {
      .rtm_family = gateway->family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST};
  request(batch, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
  attribute(batch, RTA_GATEWAY, gateway->bytes, gateway->size);
  attribute_number(batch, RTA_OIF, index);
}

static void request_up(struct batch *batch, int index) {
  struct ifinfomsg header = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  request(batch, RTM_NEWLINK, NLM_F_ACK, &header, sizeof header);
}

static void attributes_of_end(struct batch *batch, const char *name, const uint8_t mac[6]) {
  attribute_text(batch, IFLA_IFNAME, name);
  attribute(batch, IFLA_ADDRESS, mac, 6);
  attribute_number(batch, IFLA_NUM_TX_QUEUES, 1);
  attribute_number(batch, IFLA_NUM_RX_QUEUES, 1);
}

// Attachment

static void make_bridge(int host, const char *name, struct link *bridge) {
  struct batch batch = {0};
  struct ifinfomsg header = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  request(&batch, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
  attribute_text(&batch, IFLA_IFNAME, name);
  struct rtattr *information = open_nest(&batch, IFLA_LINKINFO);
  attribute_text(&batch, IFLA_INFO_KIND, "bridge");
  close_nest(&batch, information);
  perform(host, &batch, "add bridge");
  if (!find_link(host, name, bridge)) fail("find %s", name);
}

static void make_pair(int host, const char *name, const struct link *bridge, int namespace, const uint8_t macs[2][6]) {
  struct batch batch = {0};
  struct ifinfomsg header = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  request(&batch, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
  attributes_of_end(&batch, name, macs[0]);
  attribute_number(&batch, IFLA_MASTER, bridge->index);
  struct rtattr *information = open_nest(&batch, IFLA_LINKINFO);
  attribute_text(&batch, IFLA_INFO_KIND, "veth");
  struct rtattr *data = open_nest(&batch, IFLA_INFO_DATA);
  struct rtattr *peer = open_nest(&batch, VETH_INFO_PEER);
  struct ifinfomsg far = {0};
  append(&batch, &far, sizeof far);
  attributes_of_end(&batch, environment("CNI_IFNAME"), macs[1]);
  attribute_number(&batch, IFLA_NET_NS_FD, namespace);
  close_nest(&batch, peer);
  close_nest(&batch, data);
  close_nest(&batch, information);
  perform(host, &batch, "add veth");
}

static void write_setting(const char *family, const char *link, const char *name, const char *value) {
  char path[128];
  snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", family, link, name);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, value, strlen(value)) < 0) fail("%s", path);
  close(file);
}

static void enter(int namespace) {
  if (setns(namespace, CLONE_NEWNET)) fail("enter namespace");
}

// The settings that the plugin writes too.
static void write_settings(const char *host_link, int container, int home) {
  write_setting("ipv6", host_link, "accept_ra", "0");
  enter(container);
  write_setting("ipv6", environment("CNI_IFNAME"), "accept_dad", "0");
  write_setting("ipv4", environment("CNI_IFNAME"), "arp_notify", "1");
  enter(home);
}

// The nth address of a subnet; 65535 are more than the benchmark needs.
static struct address address_in(const struct address *subnet, unsigned number) {
  struct address address = *subnet;
  address.bytes[subnet->size - 2] = number >> 8;
  address.bytes[subnet->size - 1] = number;
  return address;
}

static const char *text_of(const struct address *address) {
  static char text[INET6_ADDRSTRLEN];
  return inet_ntop(address->family, address->bytes, text, sizeof text);
}

static bool bridge_has(int host, const struct link *bridge, const struct address *wanted, int count) {
  struct batch batch = {0};
  struct ifaddrmsg header = {.ifa_index = bridge->index};
  request(&batch, RTM_GETADDR, NLM_F_DUMP, &header, sizeof header);
  send_batch(host, &batch);
  for (int found = 0;;) {
    _Alignas(NLMSG_ALIGNTO) char buffer[8192];
    int length = receive(host, buffer, sizeof buffer);
    for (struct nlmsghdr *answer = (void *)buffer; NLMSG_OK(answer, length); answer = NLMSG_NEXT(answer, length)) {
      if (answer->nlmsg_type == NLMSG_DONE) return found == count;
      if (answer->nlmsg_type == NLMSG_ERROR) fail("list addresses");
      int left = IFA_PAYLOAD(answer);
      for (struct rtattr *each = IFA_RTA(NLMSG_DATA(answer)); RTA_OK(each, left); each = RTA_NEXT(each, left))
        for (int i = 0; i < count; i++)
          found += each->rta_type == IFA_ADDRESS && RTA_PAYLOAD(each) == wanted[i].size &&
                   !memcmp(RTA_DATA(each), wanted[i].bytes, wanted[i].size);
    }
  }
}

static void ensure_gateway(int host, const struct link *bridge, const struct address *gateways, int count) {
  if (bridge_has(host, bridge, gateways, count)) return;
  struct batch batch = {0};
  for (int i = 0; i < count; i++) request_address(&batch, bridge->index, &gateways[i]);
  perform(host, &batch, "add gateway address");
}

static void configure_container(int container, int index, const struct address *addresses,
                                const struct address *gateways, int count) {
  struct batch batch = {0};
  for (int i = 0; i < count; i++) request_address(&batch, index, &addresses[i]);
  request_up(&batch, index);
  for (int i = 0; i < count; i++) request_default_route(&batch, index, &gateways[i]);
  perform(container, &batch, "configure container");
}

// Leases: a file for each address, and the last number given

static unsigned last_number(const char *path) {
  char text[16] = "";
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 1; // the gateway's
  if (read(file, text, sizeof text - 1) < 0) fail("%s", path);
  close(file);
  return strtoul(text, NULL, 10);
}

static void write_file(int file, const char *text) {
  if (file < 0 || write(file, text, strlen(text)) < 0) fail("write \"%s\"", text);
  close(file);
}

static bool take_lease(const struct network *network, const struct address *address) {
  char path[192];
  snprintf(path, sizeof path, LEASES "/%s/%s", network->name, text_of(address));
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) return false;
  write_file(file, environment("CNI_CONTAINERID"));
  return true;
}

static void make_lease_directory(const struct network *network) {
  char path[128];
  snprintf(path, sizeof path, LEASES "/%s", network->name);
  if (mkdir(path, 0755) == 0 || errno == EEXIST) return;
  if ((mkdir(LEASES, 0755) && errno != EEXIST) || mkdir(path, 0755)) fail("%s", path);
}

static void allocate(const struct network *network, struct address *addresses) {
  char last[128], text[16];
  make_lease_directory(network);
  snprintf(last, sizeof last, LEASES "/%s/last", network->name);
  // The numbers of both families go together, so a free number is one where the first family's lease could be taken.
  unsigned number = last_number(last) + 1;
  while (addresses[0] = address_in(&network->subnets[0], number), !take_lease(network, &addresses[0])) number++;
  for (int i = 1; i < network->families; i++) {
    addresses[i] = address_in(&network->subnets[i], number);
    if (!take_lease(network, &addresses[i])) fail("lease of %s", text_of(&addresses[i]));
  }
  snprintf(text, sizeof text, "%u", number);
  write_file(open(last, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), text);
}

// Configuration and result

// Copies the string that follows the key, and returns where it ends; NULL where the key is not.
static const char *value_of(const char *json, const char *key, char *value, size_t size) {
  char pattern[32];
  snprintf(pattern, sizeof pattern, "\"%s\":\"", key);
  const char *found = strstr(json, pattern);
  if (!found) return NULL;
  found += strlen(pattern);
  snprintf(value, size, "%.*s", (int)strcspn(found, "\""), found);
  return found;
}

static void read_configuration(char *json, size_t size) {
  size_t length = 0;
  ssize_t count;
  while ((count = read(STDIN_FILENO, json + length, size - 1 - length)) > 0) length += count;
  if (count < 0) fail("read configuration");
  json[length] = 0;
}

static struct address parse_subnet(char *text) {
  struct address subnet = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};
  subnet.size = subnet.family == AF_INET6 ? 16 : 4;
  char *slash = strchr(text, '/');
  if (slash) *slash = 0;
  if (!slash || inet_pton(subnet.family, text, subnet.bytes) != 1) fail("subnet %s", text);
  subnet.prefix_length = atoi(slash + 1);
  return subnet;
}

static struct network parse_network(const char *json) {
  struct network network = {0};
  char subnet[64];
  errno = EINVAL;
  if (!value_of(json, "name", network.name, sizeof network.name)) fail("name");
  if (!value_of(json, "bridge", network.bridge, sizeof network.bridge)) fail("bridge");
  for (const char *at = json; network.families < 2 && (at = value_of(at, "subnet", subnet, sizeof subnet));)
    network.subnets[network.families++] = parse_subnet(subnet);
  if (network.families == 0) fail("subnet");
  return network;
}

// The container's identity decides the name of its link, so that DEL needs no record.
static void name_host_link(char name[IFNAMSIZ]) {
  uint32_t hash = 2166136261;
  for (const char *byte = environment("CNI_CONTAINERID"); *byte; byte++) hash = (hash ^ (uint8_t)*byte) * 16777619;
  snprintf(name, IFNAMSIZ, "veth%08x", hash);
}

static void print_interface(const char *name, const uint8_t mac[6], const char *sandbox) {
  printf("{\"name\":\"%s\",\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\"", name, mac[0], mac[1], mac[2], mac[3], mac[4],
         mac[5]);
  if (sandbox) printf(",\"sandbox\":\"%s\"", sandbox);
  putchar('}');
}

static void print_result(const struct network *network, const struct link *bridge, const char *host_link,
                         const uint8_t macs[2][6], const struct address *addresses, const struct address *gateways) {
  fputs("{\"cniVersion\":\"1.1.0\",\"interfaces\":[", stdout);
  print_interface(network->bridge, bridge->mac, NULL);
  putchar(',');
  print_interface(host_link, macs[0], NULL);
  putchar(',');
  print_interface(environment("CNI_IFNAME"), macs[1], environment("CNI_NETNS"));
  fputs("],\"ips\":[", stdout);
  for (int i = 0; i < network->families; i++) {
    printf("%s{\"address\":\"%s/%d\"", i ? "," : "", text_of(&addresses[i]), addresses[i].prefix_length);
    printf(",\"gateway\":\"%s\",\"interface\":2}", text_of(&gateways[i]));
  }
  fputs("],\"routes\":[{\"dst\":\"0.0.0.0/0\"}", stdout);
  if (network->families > 1) fputs(",{\"dst\":\"::/0\"}", stdout);
  puts("]}");
}

static void random_macs(uint8_t macs[2][6]) {
  if (getrandom(macs, 12, 0) != 12) fail("random numbers");
  for (int i = 0; i < 2; i++) macs[i][0] = (macs[i][0] & 0xfe) | 2; // one station's, locally given
}

static void add(const char *json) {
  struct network network = parse_network(json);
  int namespace = open(environment("CNI_NETNS"), O_RDONLY | O_CLOEXEC);
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (namespace < 0 || home < 0) fail("open namespaces");
  int host = open_socket();
  enter(namespace);
  int container = open_socket();
  enter(home);

  struct address addresses[2], gateways[2];
  allocate(&network, addresses);
  for (int i = 0; i < network.families; i++) gateways[i] = address_in(&network.subnets[i], 1);

  struct link bridge, inside;
  if (!find_link(host, network.bridge, &bridge)) make_bridge(host, network.bridge, &bridge);
  char host_link[IFNAMSIZ];
  uint8_t macs[2][6];
  name_host_link(host_link);
  random_macs(macs);
  make_pair(host, host_link, &bridge, namespace, macs);
  if (!find_link(container, environment("CNI_IFNAME"), &inside)) fail("find the container's link");
  write_settings(host_link, namespace, home);
  configure_container(container, inside.index, addresses, gateways, network.families);
  ensure_gateway(host, &bridge, gateways, network.families);
  print_result(&network, &bridge, host_link, macs, addresses, gateways);
}

static void delete_link(const char *name) {
  struct batch batch = {0};
  struct ifinfomsg header = {0};
  request(&batch, RTM_DELLINK, NLM_F_ACK, &header, sizeof header);
  attribute_text(&batch, IFLA_IFNAME, name);
  perform(open_socket(), &batch, "delete link");
}

static void delete(const char *json) {
  struct network network = parse_network(json);
  char host_link[IFNAMSIZ], address[64], path[192];
  name_host_link(host_link);
  delete_link(host_link);
  for (const char *at = json; (at = value_of(at, "address", address, sizeof address));) {
    snprintf(path, sizeof path, LEASES "/%s/%.*s", network.name, (int)strcspn(address, "/"), address);
    if (unlink(path)) fail("%s", path);
  }
}

int main(void) {
  static char json[16384];
  const char *command = environment("CNI_COMMAND");
  read_configuration(json, sizeof json);
  if (!strcmp(command, "ADD")) add(json);
  else if (!strcmp(command, "DEL")) delete(json);
  else puts("{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"1.1.0\"]}");
  if (fflush(stdout)) fail("write result");
  return 0;
}
